package cms

import "strings"

// ifStatement reads all branches of an if. rest is how certain it is that PHP gets to the next branch.
func (p *script) ifStatement() {
	rest := runs
	for {
		p.advance() // if, elseif
		var is, known bool
		p.under(rest, func() { is, known = p.parenthesised().truth() })
		branch := rest
		switch {
		case !known:
			branch, rest = max(rest, mayRun), max(rest, mayRun)
		case is:
			rest = skipped
		default:
			branch = skipped
		}
		long := p.accept(":")
		p.under(branch, func() { p.branch(long) })
		switch {
		case p.isWord("elseif"):
			continue
		case p.acceptWord("else"):
			if p.isWord("if") {
				continue
			}
			long = p.accept(":")
			p.under(rest, func() { p.branch(long) })
		}
		if long && p.acceptWord("endif") {
			p.accept(";")
		}
		return
	}
}

// branch reads the part of an if that belongs to a condition; long is the form with endif.
func (p *script) branch(long bool) {
	if long {
		p.statements("elseif", "else", "endif")
	} else {
		p.statement()
	}
}

func (p *script) parenthesised() value {
	if !p.accept("(") {
		return value{}
	}
	v := p.expression(0)
	p.skipTo(")")
	p.accept(")")
	return v
}

// loop reads a loop or a switch: nobody counts here how often what runs.
func (p *script) loop() {
	end := "end" + strings.ToLower(p.tok.text)
	p.advance()
	p.loopHead()
	p.under(repeats, func() {
		if p.accept(":") {
			p.statements(end)
			p.advance()
			p.accept(";")
			return
		}
		p.statement()
	})
}

// loopHead passes the brackets behind foreach and its kin. The variables that it sets are unknown from there on.
func (p *script) loopHead() {
	if !p.tok.is("(") {
		return
	}
	sets := false
	for open := 0; p.tok.kind != tokEOF; {
		switch {
		case p.tok.is("("):
			open++
		case p.tok.is(")"):
			open--
		case p.isWord("as"):
			sets = true
		case p.tok.kind == tokVariable && (sets || p.peek().is("=")):
			p.set(place{name: p.tok.text}, value{})
		}
		p.advance()
		if open == 0 {
			return
		}
	}
}
