#!/usr/bin/env python3
"""Keeps a market's order book and a user's orders, over lost connections and expired tokens.

    python3 bot.py --market btcusd

It prints one JSON object per line. README.md names them; docs/protocol.md has the protocol.
"""

import argparse
import asyncio
import base64
import json
import random
import time
import urllib.request
from decimal import Decimal
from urllib.parse import quote

import websockets

# The argument that sends headers, by the version of the library.
HEADERS = "additional_headers" if int(websockets.__version__.split(".")[0]) >= 14 else "extra_headers"
# A snapshot of a deep book is longer than the library's limit of 1 MiB.
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
FIRST_WAIT = 0.5
# A connection that lasted this long resets the waits.
STABLE_SECONDS = 10


def report(event, **more):
    print(json.dumps({"event": event, **more}, default=str), flush=True)


class Book:
    """An order book, from a snapshot and the increments that follow it."""

    def __init__(self):
        self.live = False
        self.sequence = None
        self.sides = {"asks": {}, "bids": {}}

    def replace(self, snapshot):
        for side, levels in self.sides.items():
            levels.clear()
            self._change(levels, snapshot.get(side))
        self.sequence = snapshot.get("sequence")
        self.live = True

    def apply(self, increment):
        """Returns False if an increment is missing: the book is stale then."""
        if not self.live:
            return True
        sequence = increment.get("sequence")
        if sequence is not None and self.sequence is not None:
            if sequence <= self.sequence:
                return True  # The snapshot has it.
            if sequence != self.sequence + 1:
                self.live = False
                return False
        for side, levels in self.sides.items():
            self._change(levels, increment.get(side))
        self.sequence = sequence
        return True

    def best(self, side):
        levels = self.sides[side]
        if not levels:
            return None
        price = (min if side == "asks" else max)(levels)
        return list(levels[price])

    @staticmethod
    def _change(levels, changes):
        if not changes:
            return
        # One pair, or a list of pairs.
        for price, amount in changes if isinstance(changes[0], list) else [changes]:
            # An amount that is empty, null or zero removes the level.
            if amount in ("", None) or Decimal(amount) == 0:
                levels.pop(Decimal(price), None)
            else:
                levels[Decimal(price)] = (price, amount)


class Bot:
    def __init__(self, url, token_url, orders_url, market, longest_wait):
        self.url = url.rstrip("/")
        self.token_url = token_url
        self.orders_url = orders_url
        self.market = market
        self.longest_wait = longest_wait
        self.streams = [f"{market}.ob-inc", "order"]
        self.book = Book()
        self.cursor = ""
        self.orders = {}
        # Whether `orders` has all open orders, as far as there is somewhere to fetch them from.
        self.orders_known = False

    async def run(self):
        attempt = 0
        while True:
            started = time.monotonic()
            try:
                await self.connect()
                reason = "closed by the server"
            except (OSError, asyncio.TimeoutError, websockets.WebSocketException) as error:
                reason = str(error) or type(error).__name__
            self.book.live = False
            if time.monotonic() - started > STABLE_SECONDS:
                attempt = 0
            # A random part of it, so that the clients of a restarted server do not come all at once.
            wait = random.uniform(0, min(self.longest_wait, FIRST_WAIT * 2**attempt))
            attempt += 1
            report("lost", reason=reason, retry_in=round(wait, 3))
            await asyncio.sleep(wait)

    async def connect(self):
        token, expires_at = await self.fetch_token()
        query = f"cursor={self.cursor}&envelope=object&stream={quote(','.join(self.streams))}"
        # In the handshake, so that the server resumes public and private streams together.
        headers = {HEADERS: {"Authorization": f"Bearer {token}"}}
        address = f"{self.url}/public/?{query}"
        async with websockets.connect(address, max_size=MAX_MESSAGE_BYTES, **headers) as socket:
            report("open", token_expires_at=expires_at)
            if not self.orders_known:
                await self.fetch_orders(token)
            # Until it is resumed, the cursor stays where it was: another loss repeats, and loses nothing.
            self.resuming = self.cursor != ""
            renewing = asyncio.create_task(self.renew_token(socket, expires_at))
            try:
                async for text in socket:
                    await self.receive(socket, text)
            finally:
                renewing.cancel()

    async def receive(self, socket, text):
        if text == "pong":
            return
        message = json.loads(text, parse_float=Decimal)
        cursor = message.pop("cursor", None)
        for name, content in message.items():
            if name in ("success", "error", "status"):
                await self.answered(socket, content)
            elif name == f"{self.market}.ob-snap":
                self.book.replace(content)
            elif name == f"{self.market}.ob-inc":
                if not self.book.apply(content):
                    report("gap", after=self.book.sequence, sequence=content.get("sequence"))
                    await self.subscribe_again(socket)
            elif name == "order":
                self.take_order(content)
        if cursor is not None and not self.resuming:
            self.cursor = cursor

    async def answered(self, socket, content):
        message = content.get("message")
        streams = content.get("streams")
        if message == "subscribed":
            return
        if message == "Authenticated.":
            report("token renewed")
        elif message == "resumed":
            self.resuming = False
            report("resumed", streams=streams)
        elif message in ("Cannot resume.", "events may be missing"):
            self.resuming = False
            report("events may be missing", streams=streams)
            if streams is None or "order" in streams:
                self.orders_known = False
                token, _ = await self.fetch_token()
                await self.fetch_orders(token)
        elif message == "stale":
            self.book.live = False
            report("stale", streams=streams)
        elif message == "Token expired.":
            token, _ = await self.fetch_token()
            await socket.send(json.dumps({"jwt": f"Bearer {token}"}))
        elif message != "unsubscribed":
            report("message", message=message)

    async def subscribe_again(self, socket):
        """The server sends the book's state to new subscribers."""
        for event in ("unsubscribe", "subscribe"):
            streams = [f"{self.market}.ob-inc"]
            await socket.send(json.dumps({"event": event, "streams": streams}))

    async def fetch_orders(self, token):
        """Begins with the open orders of the REST API; the events that come meanwhile follow."""
        # An order may have ended in an event that is missing.
        self.orders.clear()
        if self.orders_url:
            orders = await asyncio.to_thread(self._fetch, self.orders_url, token)
            self.orders.update((order["id"], order) for order in json.loads(orders))
        self.orders_known = True
        report("open orders", open=len(self.orders))

    def take_order(self, order):
        if order["state"] == "wait":
            self.orders[order["id"]] = order
        else:
            self.orders.pop(order["id"], None)
        report("order", id=order["id"], state=order["state"], open=len(self.orders))

    async def renew_token(self, socket, expires_at):
        """Sends a new token when a fifth of the old one's time is left."""
        while True:
            await asyncio.sleep(max(1, (expires_at - time.time()) * 0.8))
            try:
                token, expires_at = await self.fetch_token()
            except OSError as error:
                report("no token", reason=str(error))  # The next attempt follows.
            else:
                await socket.send(json.dumps({"jwt": f"Bearer {token}"}))

    async def fetch_token(self):
        token = (await asyncio.to_thread(self._fetch, self.token_url)).strip()
        claims = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        return token, claims["exp"]

    def _fetch(self, url, token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.read().decode()

    async def show_book(self, seconds):
        """Prints the best prices, while the book is live and if they have changed."""
        shown = None
        while True:
            await asyncio.sleep(seconds)
            if self.book.live and self.book.sequence != shown:
                shown = self.book.sequence
                best = {side: self.book.best(side) for side in ("bids", "asks")}
                report("book", sequence=shown, bid=best["bids"], ask=best["asks"])


async def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="ws://127.0.0.1:8080")
    parser.add_argument("--token-url", default="http://127.0.0.1:8080/page/token?ttl=60")
    parser.add_argument(
        "--orders-url", help="the user's open orders, such as https://…/market/orders?state=wait"
    )
    parser.add_argument("--market", default="btcusd")
    parser.add_argument(
        "--longest-wait", type=float, default=30.0, help="seconds until it connects again, at most"
    )
    parser.add_argument("--every", type=float, default=1.0, help="seconds between book lines")
    options = parser.parse_args()
    bot = Bot(
        options.url, options.token_url, options.orders_url, options.market, options.longest_wait
    )
    await asyncio.gather(bot.run(), bot.show_book(options.every))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
