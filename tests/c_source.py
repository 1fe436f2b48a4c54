"""C source as tokens: what tests/figures counts and tests/mutate changes. Knows comments, strings and preprocessor lines."""
import bisect
import re

TOKEN = re.compile(r"""
	(?P<comment>/\*.*?\*/|//(?:\\\n|[^\n])*)
	|(?P<string>"(?:\\.|[^"\\\n])*")
	|(?P<char>'(?:\\.|[^'\\\n])*')
	|(?P<number>\.?[0-9](?:[eEpP][+-]|[0-9A-Za-z_.])*)
	|(?P<word>[A-Za-z_][A-Za-z_0-9]*)
	|(?P<punct><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\S)
	""", re.X | re.S)
PREPROCESSOR = re.compile(r"[ \t]*\#(?:\\\n|/\*.*?\*/|[^\n])*", re.S)
OPENS = {"(": ")", "[": "]", "{": "}"}


class Token:
	__slots__ = ("kind", "text", "start", "end", "line")

	def __init__(self, kind, text, start, line):
		self.kind, self.text, self.start, self.line = kind, text, start, line
		self.end = start + len(text)

	def __repr__(self):
		return f"{self.line}:{self.text}"


def tokens(text):
	"""The tokens of a file, without comments and preprocessor lines."""
	starts = [0] + [m.end() for m in re.finditer("\n", text)]
	found, at = [], 0
	while at < len(text):
		if at == 0 or text[at - 1] == "\n":
			m = PREPROCESSOR.match(text, at)
			if m:
				at = m.end()
				continue
		m = TOKEN.match(text, at)
		if not m:
			at += 1
			continue
		if m.lastgroup != "comment":
			found.append(Token(m.lastgroup, m.group(), at, bisect.bisect_right(starts, at)))
		at = m.end()
	return found


def partners(toks):
	"""For each opening bracket the index of the one that closes it, and the other way round."""
	pairs, stack = {}, []
	for i, t in enumerate(toks):
		if t.kind != "punct":
			continue
		if t.text in OPENS:
			stack.append(i)
		elif t.text in OPENS.values() and stack:
			first = stack.pop()
			pairs[first], pairs[i] = i, first
	return pairs


def functions(toks, pairs):
	"""Each function that is defined: (name, index of its "{", index of its "}")."""
	found, i = [], 0
	while i < len(toks):
		if toks[i].text != "{" or toks[i].kind != "punct":
			i += 1
			continue
		before = toks[i - 1] if i else None
		if before and before.text == ")" and i - 1 in pairs:
			name = toks[pairs[i - 1] - 1]
			if name.kind == "word":
				found.append((name.text, i, pairs.get(i, len(toks) - 1)))
		i = pairs.get(i, i) + 1
	return found
