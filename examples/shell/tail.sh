#!/bin/sh
# Trades as tab-separated values, with `ranger tail` and jq:
#
#   make run
#   examples/shell/tail.sh                                    # btcusd, until Ctrl-C
#   examples/shell/tail.sh ethusd 20 >trades.tsv              # 20 messages of ethusd
#   RANGER_URL=wss://ranger.example.com/public examples/shell/tail.sh
#
# RANGER names the program where it is not on the PATH: after `make build`, RANGER=dist/ranger.
set -eu
market=${1:-btcusd}
count=${2:-}
ranger=${RANGER:-ranger}

# A pipe reports the end of its last program alone.
for program in "$ranger" jq; do
  command -v "$program" >/dev/null && continue
  echo "tail.sh: there is no program $program; RANGER names Ranger where it is not on the PATH" >&2
  exit 69
done

"$ranger" tail "$market.trades" --json \
  --url "${RANGER_URL:-ws://127.0.0.1:8080/public}" ${count:+--count "$count"} |
  jq --unbuffered -r --arg stream "$market.trades" \
    '.[$stream].trades[]? | [(.date | todate), .price, .amount, .taker_type] | @tsv'
