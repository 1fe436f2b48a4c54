#!/usr/bin/env python3
"""A scripted model: speaks the chat completions API and does what a marker in the last user message says.

[[slow N]] talks for N seconds; [[bash COMMAND]], [[write FILE TEXT]], [[read FILE]], [[question]], [[todo]], [[two]] and
[[task MARKER]] call a tool; [[error CODE]] answers that code; [[retry N]] answers 429 N times, then well; [[huge N]] one
text of N bytes; [[think]] reasons first. Anything else: a short answer. No traffic but its own socket.

POST /v1/messages speaks the messages API for Claude Code: [[slow N]], [[bash COMMAND]] and plain answers."""
import json, re, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

tries, lock = {}, threading.Lock()

QUESTIONS = {"questions": [
    {"question": "Which database should I use?", "header": "Database",
     "options": [{"label": "PostgreSQL", "description": "Relational"}, {"label": "SQLite", "description": "One file"}]},
    {"question": "Which features?", "header": "Features", "multiple": True,
     "options": [{"label": "Auth", "description": "Login"}, {"label": "Audit", "description": "Log"}]}]}
TODOS = {"todos": [{"id": "1", "content": "Read the code", "status": "completed", "priority": "high"},
                   {"id": "2", "content": "Write the test", "status": "in_progress", "priority": "medium"},
                   {"id": "3", "content": "Ship it", "status": "pending", "priority": "low"}]}


def text_of(message):
    content = message.get("content")
    if isinstance(content, list):
        return "".join(p.get("text", "") for p in content if isinstance(p, dict))
    return content or ""


class Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *a):
        pass

    def do_GET(self):
        self.plain(200, {"ok": True})

    def plain(self, code, value, extra=()):
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        for k, v in extra:
            self.send_header(k, v)
        self.end_headers()
        self.wfile.write(body)

    def chunk(self, raw):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(raw), raw))
        self.wfile.flush()

    def data(self, delta=None, finish=None, usage=None):
        value = {"id": "c", "object": "chat.completion.chunk", "created": int(time.time()), "model": "m1", "choices":
                 [] if usage else [{"index": 0, "delta": delta or {}, "finish_reason": finish}]}
        if usage:
            value["usage"] = usage
        self.chunk(b"data: " + json.dumps(value).encode() + b"\n\n")

    def begin(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def finish(self, why):
        self.data({}, why)
        self.data(usage={"prompt_tokens": 1200, "completion_tokens": 34, "total_tokens": 1234,
                         "prompt_tokens_details": {"cached_tokens": 200},
                         "completion_tokens_details": {"reasoning_tokens": 4}})
        self.chunk(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def say(self, *texts, pause=0):
        self.begin()
        self.data({"role": "assistant", "content": ""})
        for t in texts:
            self.data({"content": t})
            if pause:
                time.sleep(pause)
        self.finish("stop")

    def call(self, *calls, words="", pause=0):
        self.begin()
        self.data({"role": "assistant", "content": words or None})
        time.sleep(pause)
        for i, (name, args) in enumerate(calls):
            self.data({"tool_calls": [{"index": i, "id": "call_%d_%d" % (time.time() * 1000, i), "type": "function",
                                       "function": {"name": name, "arguments": ""}}]})
            self.data({"tool_calls": [{"index": i, "function": {"arguments": json.dumps(args)}}]})
        self.finish("tool_calls")

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        messages = asked.get("messages", [])
        try:
            if self.path.startswith("/v1/messages"):
                self.claude(asked, messages)
            else:
                self.answer(asked, messages)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def event(self, kind, **value):
        self.chunk(("event: %s\ndata: %s\n\n" % (kind, json.dumps(dict(value, type=kind)))).encode())

    def claude(self, asked, messages):
        if "count_tokens" in self.path:
            return self.plain(200, {"input_tokens": 1200})
        since = max([i + 1 for i, m in enumerate(messages) if m.get("role") == "assistant"], default=0)
        parts = [p for m in messages[since:] for p in (m["content"] if isinstance(m["content"], list) else [{"text": m["content"]}])]
        used = any(p.get("type") == "tool_result" for p in parts)
        last = "".join(p.get("text", "") for p in parts if not p.get("text", "").lstrip().startswith("<system-reminder>"))
        found = None if used else re.search(r"\[\[(\w+)(?: (.*?))?\]\]", last, re.S)
        what, arg = (found.group(1), found.group(2) or "") if found else ("", "")
        usage = {"input_tokens": 1000, "output_tokens": 34, "cache_read_input_tokens": 200, "cache_creation_input_tokens": 0}
        tool = what == "bash" and asked.get("tools")
        words = ["tick %d\n" % i for i in range(int(arg) * 4)] if what == "slow" else ["I read: ", last[-200:]]
        block = {"type": "tool_use", "id": "toolu_%d" % (time.time() * 1000), "name": "Bash", "input": {}} if tool else {"type": "text", "text": ""}
        head = {"id": "msg_%d" % (time.time() * 1000), "type": "message", "role": "assistant", "model": asked.get("model", "m1"), "content": [],
                "stop_reason": None, "stop_sequence": None, "usage": usage}
        why = "tool_use" if tool else "end_turn"
        given = {"command": arg, "description": "Runs what was asked"}
        if not asked.get("stream"):
            block.update({"input": given} if tool else {"text": "".join(words)})
            return self.plain(200, dict(head, content=[block], stop_reason=why))
        self.begin()
        self.event("message_start", message=head)
        self.event("content_block_start", index=0, content_block=block)
        for delta in [{"type": "input_json_delta", "partial_json": json.dumps(given)}] if tool else [{"type": "text_delta", "text": w} for w in words]:
            self.event("content_block_delta", index=0, delta=delta)
            if what == "slow":
                time.sleep(0.25)
        self.event("content_block_stop", index=0)
        self.event("message_delta", delta={"stop_reason": why, "stop_sequence": None}, usage={"output_tokens": 34})
        self.event("message_stop")
        self.wfile.write(b"0\r\n\r\n")

    def answer(self, asked, messages):
        if not asked.get("tools"):
            last = text_of([m for m in messages if m.get("role") == "user"][-1]) if messages else ""
            return self.say("Titled " + re.sub(r"[^A-Za-z0-9 ]+", " ", last)[:30].strip())
        if messages and messages[-1].get("role") == "tool":
            return self.say("The tool said: " + text_of(messages[-1])[:200])
        users = [m for m in messages if m.get("role") == "user"]
        last = text_of(users[-1]) if users else ""
        found = re.search(r"\[\[(\w+)(?: (.*?))?\]\]", last, re.S)
        what, arg = (found.group(1), found.group(2) or "") if found else ("", "")
        if what == "slow":
            return self.say(*["tick %d\n" % i for i in range(int(arg) * 4)], pause=0.25)
        if what == "bash":
            return self.call(("bash", {"command": arg, "description": "Runs what was asked"}))
        if what == "two":
            return self.call(("bash", {"command": "echo one", "description": "first"}),
                             ("bash", {"command": "echo two", "description": "second"}))
        if what == "write":
            name, _, text = arg.partition(" ")
            return self.call(("write", {"filePath": name, "content": text + "\n"}), words="I will write it. ", pause=1.2)
        if what == "read":
            return self.call(("read", {"filePath": arg}))
        if what == "question":
            return self.call(("question", QUESTIONS))
        if what == "todo":
            return self.call(("todowrite", TODOS))
        if what == "task":
            return self.call(("task", {"description": "Scripted child", "prompt": "[[%s]]" % arg.replace("(", "[").replace(")", "]"),
                                       "subagent_type": "general"}))
        if what == "error":
            return self.plain(int(arg), {"error": {"message": "scripted error " + arg, "type": "scripted", "code": arg}})
        if what == "retry":
            with lock:
                key = last
                tries[key] = tries.get(key, 0) + 1
                again = tries[key] <= int(arg)
            if again:
                return self.plain(429, {"error": {"message": "scripted error 429", "type": "scripted", "code": "429"}},
                                  [("retry-after", "4")])
            return self.say("Done after all.")
        if what == "huge":
            return self.say("x" * int(arg))
        if what == "think":
            self.begin()
            self.data({"role": "assistant", "reasoning_content": "Let me think."})
            self.data({"content": "Thought."})
            return self.finish("stop")
        self.say("I read: ", last[:200])


if __name__ == "__main__":
    server = ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Model)
    server.daemon_threads = True
    server.serve_forever()
