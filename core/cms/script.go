package cms

import "strings"

// script reads one file. It looks at one token at a time.
type script struct {
	*machine
	lx    lexer
	tok   token
	path  string
	at    certainty // of the statement being read
	left  certainty // of what follows a return
	depth int
}

func (p *script) run() {
	p.advance()
	for p.tok.kind != tokEOF {
		before := p.steps
		p.statement()
		if p.steps == before || p.tok.is("}") { // a bracket too many
			p.advance()
		}
	}
}

func (p *script) certainty() certainty { return max(p.at, p.left, p.over) }

func (p *script) advance() {
	p.steps++
	if p.steps > maxSteps {
		p.fail()
	}
	if p.failed {
		p.lx.end()
	}
	p.tok = p.lx.next()
}

// fail gives the reading up. Everything ends at the end of the file, which is now.
func (p *script) fail() {
	p.failed = true
	p.lx.end()
	p.tok = token{}
}

// deeper counts a recursion; the caller ends it with p.depth--.
func (p *script) deeper() {
	p.depth++
	if p.depth > maxNesting {
		p.fail()
	}
}

// under reads something that runs with certainty c at most.
func (p *script) under(c certainty, f func()) {
	before := p.at
	p.at = max(p.at, c)
	f()
	p.at = before
}

func (p *script) peek() token {
	ahead := p.lx
	return ahead.next()
}

func (p *script) accept(op string) bool {
	if !p.tok.is(op) {
		return false
	}
	p.advance()
	return true
}

// isWord tells whether the token is one of some keywords, which have no case.
func (p *script) isWord(words ...string) bool {
	if p.tok.kind != tokName {
		return false
	}
	for _, word := range words {
		if strings.EqualFold(p.tok.text, word) {
			return true
		}
	}
	return false
}

func (p *script) acceptWord(word string) bool {
	if !p.isWord(word) {
		return false
	}
	p.advance()
	return true
}

// skipBrackets goes past the bracket that closes the one at hand, and tells whether there was one at hand.
func (p *script) skipBrackets() bool {
	for _, pair := range []string{"()", "[]", "{}"} {
		if p.tok.is(pair[:1]) {
			if !p.lx.nested(pair[:1], pair[1:]) {
				p.lx.end()
			}
			p.advance()
			return true
		}
	}
	return false
}

// skipTo goes to the next of some tokens that is in no bracket of its own.
func (p *script) skipTo(ops ...string) {
	for p.tok.kind != tokEOF && !p.tok.is("}") {
		for _, op := range ops {
			if p.tok.is(op) {
				return
			}
		}
		if !p.skipBrackets() {
			p.advance()
		}
	}
}

// endStatement goes past the semicolon, and past whatever is in front of it.
func (p *script) endStatement() {
	p.skipTo(";")
	p.accept(";")
}

func (p *script) define(name string, v value) { p.machine.define(name, v, p.certainty()) }

func (p *script) set(at place, v value) { p.machine.set(at, v, p.certainty()) }
