#!/bin/sh
# Events with nothing but curl, as server-sent events:
#
#   make run
#   examples/shell/events.sh                                  # btcusd.trades, until Ctrl-C
#   examples/shell/events.sh global.tickers http://127.0.0.1:8080/public
#   TOKEN=eyJ… examples/shell/events.sh order,trade https://ranger.example.com/private
#
# Prints the data of each event, one JSON object a line. After a lost connection curl starts again
# where the last event said, so that nothing is missing and nothing comes twice; where the server
# cannot tell, as after its own restart, standard error has "Cannot resume.".
set -eu
streams=${1:-btcusd.trades}
url=${2:-http://127.0.0.1:8080/public}

# A file, because the loop that reads runs in a process beside this one.
position=$(mktemp)
trap 'rm -f "$position"' EXIT
trap 'exit 130' INT TERM

while :; do
  last=$(cat "$position")
  {
    curl -sS -N -f -H 'Accept: text/event-stream' \
      ${last:+-H "Last-Event-ID: $last"} \
      ${TOKEN:+-H "Authorization: Bearer $TOKEN"} \
      "$url?stream=$streams" || echo "curl: $?"
  } |
    while IFS= read -r line; do
      case $line in
      'id: '*) printf '%s' "${line#id: }" >"$position" ;;
      'event: '*) kind=${line#event: } ;;
      # Answers and status messages are of the kind "answer".
      'data: '*)
        if [ "${kind:-}" = answer ]; then printf '%s\n' "${line#data: }" >&2; else printf '%s\n' "${line#data: }"; fi
        ;;
      '') kind= ;;
      # The server refused: its status is on standard error.
      'curl: 22') exit 1 ;;
      esac
    done
  echo "connection lost; again in a second" >&2
  sleep 1
done
