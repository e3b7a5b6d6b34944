"""One member of a room, by a Socket.IO client that was not written for this server.

Usage: chat.py URL TOKEN ROOM TEXT ANSWER

Connects, joins ROOM, sends TEXT and waits for its acknowledgement, then waits for a message with the text ANSWER. Prints
one JSON line for each step and ends with 0 when all of them happened.
"""

import json
import sys
import threading

import socketio

URL, TOKEN, ROOM, TEXT, ANSWER = sys.argv[1:6]
DEADLINE_S = 30


# Handlers run in threads of their own; two lines must not run into each other.
saying = threading.Lock()


def say(step, value):
    with saying:
        print(json.dumps({"step": step, "value": value}), flush=True)


client = socketio.Client(reconnection=False)
answered = threading.Event()


@client.on("hello")
def on_hello(payload):
    say("hello", payload["userId"])


@client.on("events")
def on_events(payload):
    for event in payload["events"]:
        say("event", {"seq": event["seq"], "kind": event["kind"], "text": event.get("text")})
        if event.get("text") == ANSWER:
            answered.set()


client.connect(URL, auth={"token": TOKEN}, transports=["websocket"], wait_timeout=DEADLINE_S)
say("joined", client.call("join", {"rooms": [{"room": ROOM}]}, timeout=DEADLINE_S))
say("sent", client.call("send", {"room": ROOM, "key": "from-python", "text": TEXT}, timeout=DEADLINE_S))
complete = answered.wait(DEADLINE_S)
client.disconnect()
sys.exit(0 if complete else 1)
