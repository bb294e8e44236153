"""One conversation of Python's websockets with the server, for real_clients_test.ts.

Arguments: the URL, and as JSON the parameters of ClientPerMessageDeflateFactory. Prints the first
answer, which asks for the events, and at the end all that came as one line of JSON.
"""
import asyncio
import json
import sys

import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory


async def converse(url, parameters):
    offer = ClientPerMessageDeflateFactory(**parameters)
    async with websockets.connect(url, extensions=[offer], compression=None) as socket:
        greeting = await socket.recv()
        print("subscribed", flush=True)
        events = [await socket.recv(), await socket.recv()]
        # As bytes it goes in a binary frame.
        await socket.send(b"ping")
        pong = await socket.recv()
        await socket.send(json.dumps({"event": "subscribe", "streams": ["日本.🚀"]}))
        answer = await socket.recv()
        await socket.close(4321, "done")
        return {
            "greeting": greeting,
            "events": events,
            "pong": pong,
            "answer": answer,
            "extensions": socket.response_headers.get("Sec-WebSocket-Extensions", ""),
            "protocol": "",
            "closed": {"code": socket.close_code, "wasClean": True},
        }


print(json.dumps(asyncio.run(converse(sys.argv[1], json.loads(sys.argv[2])))), flush=True)
