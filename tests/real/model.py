#!/usr/bin/env python3
"""A scripted model for an agent that runs commands: the chat completions API, streamed. tests/real/model.py PORT

The last marker of the conversation decides: [[slow N]] talks for N seconds, [[exec COMMAND]] calls the tool "exec" once. Anything else
is answered with a word. Every answer counts 1,000 tokens in and 200 out."""
import json
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def text_of(message):
    content = message.get("content")
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content or [])


class Model(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        markers = [m for one in asked["messages"] if one["role"] == "user" for m in re.findall(r"\[\[(\w+) (.*?)\]\]", text_of(one))]
        what, arg = markers[-1] if markers else ("", "")
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        if what == "slow":
            for i in range(int(arg) * 4):
                self.say({"content": "tick %d " % i})
                time.sleep(0.25)
        elif what == "exec" and asked["messages"][-1]["role"] != "tool":
            call = {"index": 0, "id": "call-1", "type": "function", "function": {"name": "exec", "arguments": json.dumps({"command": arg})}}
            self.say({"tool_calls": [call]}, "tool_calls")
            return self.over()
        else:
            self.say({"content": "understood"})
        self.say({}, "stop")
        self.over()

    def say(self, delta, reason=None):
        self.chunk({"choices": [{"index": 0, "delta": dict(delta, role="assistant"), "finish_reason": reason}]})

    def over(self):
        self.chunk({"choices": [], "usage": {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200}})
        self.wfile.write(b"data: [DONE]\n\n")

    def chunk(self, fields):
        self.wfile.write(b"data: " + json.dumps(dict(fields, id="c", object="chat.completion.chunk", created=1, model="m1")).encode() + b"\n\n")
        self.wfile.flush()

    def log_message(self, *args):
        pass


ThreadingHTTPServer.daemon_threads = True
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Model).serve_forever()
