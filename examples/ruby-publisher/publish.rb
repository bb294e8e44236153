# frozen_string_literal: true

# Publishes events as Peatio does (peatio-core, lib/peatio/mq/client.rb): JSON bodies to the topic
# exchange peatio.events.ranger, which is not durable, with the routing key <type>.<id>.<event>.
#
#   gem install bunny            # or Debian's ruby-bunny
#   ranger serve --no-auth       # with a RabbitMQ on this machine
#   ruby examples/ruby-publisher/publish.rb
#   ranger tail btcusd.trades btcusd.ob-inc
#
# RABBITMQ_HOST, RABBITMQ_PORT, RABBITMQ_USER and RABBITMQ_PASSWORD name another broker, as for
# Peatio; EXCHANGE another exchange.
require "bunny"
require "json"

connection = Bunny.new(
  host: ENV["RABBITMQ_HOST"] || "127.0.0.1",
  port: ENV["RABBITMQ_PORT"] || "5672",
  username: ENV["RABBITMQ_USER"] || "guest",
  password: ENV["RABBITMQ_PASSWORD"] || "guest"
)
connection.start
exchange = connection.create_channel.exchange(ENV["EXCHANGE"] || "peatio.events.ranger", type: "topic")

publish = lambda do |type, id, event, payload|
  routing_key = [type, id, event].join(".")
  exchange.publish(JSON.dump(payload), routing_key: routing_key)
  puts routing_key
end

# The whole book first: increments before the first snapshot are dropped.
publish.call("public", "btcusd", "ob-snap",
             { asks: [["1001.9", "2.5"], ["1002.0", "1.0"]], bids: [["1000.0", "0.25"]], sequence: 1 })
# A changed level; each increment has the next number.
publish.call("public", "btcusd", "ob-inc", { asks: ["1001.9", "2.0"], sequence: 2 })
# A level that is gone has no amount.
publish.call("public", "btcusd", "ob-inc", { asks: ["1002.0", ""], sequence: 3 })
publish.call("public", "btcusd", "trades",
             { trades: [{ tid: 7, taker_type: "buy", date: Time.now.to_i, price: "1001.9", amount: "0.5" }] })
# Only the user with this uid gets it.
publish.call("private", "ID0000000001", "order",
             { id: 22, market: "btcusd", kind: "bid", side: "buy", ord_type: "limit", price: "1001.9",
               state: "done", origin_volume: "0.5", remaining_volume: "0.0", executed_volume: "0.5",
               at: Time.now.to_i, trades_count: 1 })

connection.close
