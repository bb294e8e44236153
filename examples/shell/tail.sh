#!/bin/sh
# Trades as tab-separated values, with `ranger tail` and jq:
#
#   make run
#   examples/shell/tail.sh                                    # btcusd, until Ctrl-C
#   examples/shell/tail.sh ethusd 20 >trades.tsv              # 20 messages of ethusd
#   RANGER_URL=wss://ranger.example.com/public examples/shell/tail.sh
#
# RANGER names the program where it is not on the PATH: RANGER=dist/ranger.
set -eu
market=${1:-btcusd}
count=${2:-}

"${RANGER:-ranger}" tail "$market.trades" --json \
  --url "${RANGER_URL:-ws://127.0.0.1:8080/public}" ${count:+--count "$count"} |
  jq --unbuffered -r --arg stream "$market.trades" \
    '.[$stream].trades[]? | [(.date | todate), .price, .amount, .taker_type] | @tsv'
