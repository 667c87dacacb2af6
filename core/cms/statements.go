package cms

import "strings"

func (p *script) statement() {
	p.deeper()
	defer func() { p.depth-- }()
	switch {
	case p.tok.is("{"):
		p.advance()
		p.statements()
		p.accept("}")
	case p.tok.is(";"):
		p.advance()
	case p.tok.kind != tokName:
		p.expressionStatement()
	default:
		p.wordStatement()
	}
}

// statements reads up to a closing brace or one of some keywords.
func (p *script) statements(until ...string) {
	for p.tok.kind != tokEOF && !p.tok.is("}") && !p.isWord(until...) {
		p.statement()
	}
}

func (p *script) expressionStatement() {
	p.expression(0)
	p.endStatement()
}

func (p *script) wordStatement() {
	switch strings.ToLower(p.tok.text) {
	case "if":
		p.ifStatement()
	case "for", "foreach", "while", "switch":
		p.loop()
	case "do":
		p.advance()
		p.under(repeats, p.statement)
		p.endStatement()
	case "try", "finally":
		p.advance()
		p.statement()
	case "catch":
		p.advance()
		p.skipBrackets()
		p.under(mayRun, p.statement)
	case "const":
		p.advance()
		p.constants(p.define)
		p.endStatement()
	case "case":
		p.advance()
		p.expression(0)
		_ = p.accept(":") || p.accept(";")
	case "echo":
		p.advance()
		for p.expression(0); p.accept(","); {
			p.expression(0)
		}
		p.endStatement()
	case "unset":
		p.unset()
	case "return":
		p.advance()
		if !p.tok.is(";") {
			p.expression(0)
		}
		p.left = max(p.left, leaves(p.certainty()))
		p.endStatement()
	case "namespace", "declare":
		p.advance()
		p.skipTo(";", "{")
		p.accept(";")
	case "use", "goto", "global", "break", "continue":
		p.endStatement()
	case "__halt_compiler":
		p.lx.end()
		p.advance()
	default:
		p.declaration()
	}
}

// leaves is how certain what follows a return is, by how certain the return is.
func leaves(c certainty) certainty {
	switch c {
	case runs:
		return skipped
	case skipped:
		return runs
	}
	return mayRun
}

// declaration reads a function, a class, static variables, or an expression.
func (p *script) declaration() {
	next := p.peek()
	named := next.kind == tokName
	switch {
	case next.is(":"): // default of a switch, or where goto goes
		p.advance()
		p.advance()
	case p.isWord("function") && (named || next.is("&")):
		p.skipTo("{")
		p.skipBrackets()
	case p.isWord("abstract", "final", "readonly") && named:
		p.advance()
		p.declaration()
	case p.isWord("class", "interface", "trait", "enum") && named:
		p.advance()
		p.class()
	case p.isWord("static") && next.kind == tokVariable:
		p.advance()
		for ok := true; ok && p.tok.kind == tokVariable; ok = p.accept(",") {
			p.expression(0)
		}
		p.endStatement()
	default:
		p.expressionStatement()
	}
}

// constants reads what follows const, in and outside of classes: NAME = value, …. The last name in front of the equals
// sign is the constant's, one before it is a type.
func (p *script) constants(define func(name string, v value)) {
	for ok := true; ok; ok = p.accept(",") {
		name := ""
		for ; p.tok.kind != tokEOF && !p.tok.is("=") && !p.tok.is(";"); p.advance() {
			if p.tok.kind == tokName {
				name = p.tok.text
			}
		}
		if p.accept("=") {
			define(name, p.expression(0))
		}
	}
}

func (p *script) unset() {
	p.advance()
	if p.accept("(") {
		for ok := true; ok && p.tok.kind == tokVariable; ok = p.accept(",") {
			p.set(p.place(), value{kind: kindNull})
		}
	}
	p.endStatement()
}
