// Prints the trades of a market and reconnects when the connection is lost.
//
//	make run
//	cd examples/go && go mod init trades && go get github.com/gorilla/websocket && go run .
//
// With Debian's golang-github-gorilla-websocket-dev instead of the download:
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run examples/go/main.go
//
// Another server or market: go run . wss://ranger.example.com/public ethusd
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"math/rand"
	"os"
	"time"

	"github.com/gorilla/websocket"
)

const (
	maxWait = 30 * time.Second
	// The server pings every 30 s; without any sign of it the connection is given up.
	maxSilence = 75 * time.Second
)

// Trade has its decimals as text: a float64 does not hold every digit.
type Trade struct {
	TID       int64  `json:"tid"`
	TakerType string `json:"taker_type"`
	Date      int64  `json:"date"`
	Price     string `json:"price"`
	Amount    string `json:"amount"`
}

func main() {
	server, market := "ws://127.0.0.1:8080/public", "btcusd"
	if len(os.Args) > 1 {
		server = os.Args[1]
	}
	if len(os.Args) > 2 {
		market = os.Args[2]
	}
	wait := time.Second
	for {
		connected := time.Now()
		err := follow(server, market)
		if time.Since(connected) > maxWait {
			wait = time.Second
		}
		// Spread out, so that the clients of a server that restarts do not come all at once.
		delay := wait/2 + time.Duration(rand.Int63n(int64(wait/2)))
		log.Printf("%v; again in %v", err, delay.Round(time.Millisecond))
		time.Sleep(delay)
		if wait *= 2; wait > maxWait {
			wait = maxWait
		}
	}
}

// follow prints trades until the connection ends, and returns why it ended.
func follow(server, market string) error {
	stream := market + ".trades"
	conn, response, err := websocket.DefaultDialer.Dial(server+"?stream="+stream, nil)
	if err != nil {
		if response != nil {
			return fmt.Errorf("%s: %s", server, response.Status)
		}
		return err
	}
	defer conn.Close()
	alive := func() error { return conn.SetReadDeadline(time.Now().Add(maxSilence)) }
	pong := conn.PingHandler()
	conn.SetPingHandler(func(data string) error {
		if err := alive(); err != nil {
			return err
		}
		return pong(data)
	})
	if err := alive(); err != nil {
		return err
	}
	for {
		_, data, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		if err := alive(); err != nil {
			return err
		}
		// One member per message: a stream's name, or success, or error.
		var message map[string]json.RawMessage
		if err := json.Unmarshal(data, &message); err != nil {
			return err
		}
		for name, payload := range message {
			switch name {
			case stream:
				var event struct{ Trades []Trade }
				if err := json.Unmarshal(payload, &event); err != nil {
					return err
				}
				for _, t := range event.Trades {
					fmt.Printf("%s %d %s %s at %s\n", market, t.TID, t.TakerType, t.Amount, t.Price)
				}
			default:
				log.Printf("%s %s", name, payload)
			}
		}
	}
}
