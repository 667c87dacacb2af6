package cms

import (
	"path/filepath"
	"strconv"
	"strings"
)

// operand reads what operators work on, with the signs in front of it and the brackets behind.
func (p *script) operand() value {
	t := p.tok
	switch t.kind {
	case tokString:
		p.advance()
		return p.suffixes(textOf(t.text))
	case tokTemplate:
		p.advance()
		return p.suffixes(p.interpolate(t))
	case tokNumber:
		p.advance()
		n, err := strconv.ParseInt(strings.ReplaceAll(t.text, "_", ""), 0, 64)
		if err != nil {
			return value{}
		}
		return value{kind: kindInteger, n: n}
	case tokCast:
		p.advance()
		return cast(t.text, p.expression(levelUnary))
	case tokVariable:
		return p.variable()
	case tokName:
		return p.suffixes(p.word())
	case tokOp:
		return p.sign(t.text)
	}
	return value{}
}

func (p *script) sign(op string) value {
	switch op {
	case "(":
		return p.suffixes(p.parenthesised())
	case "[":
		return p.suffixes(p.arrayLiteral("]"))
	case "!":
		p.advance()
		is, known := p.expression(levelUnary).truth()
		return decided(!is, known)
	case "-":
		p.advance()
		if v := p.expression(levelUnary); v.kind == kindInteger {
			v.n = -v.n
			return v
		}
		return value{}
	case "@":
		p.advance()
		return p.expression(levelUnary)
	case "+", "~", "&", "...":
		p.advance()
		p.expression(levelUnary)
	case "++", "--":
		p.advance()
		if p.tok.kind == tokVariable {
			p.set(p.place(), value{})
		}
	case "$": // $$name, ${expression}
		p.advance()
		if !p.skipBrackets() {
			p.operand()
		}
	}
	return value{}
}

func cast(to string, v value) value {
	switch to {
	case "string", "binary":
		if s, known := v.text(); known {
			return textOf(s)
		}
	case "bool", "boolean":
		return decided(v.truth())
	case "int", "integer":
		if v.kind == kindInteger {
			return v
		}
		if n, err := strconv.ParseInt(v.s, 10, 64); v.kind == kindText && err == nil {
			return value{kind: kindInteger, n: n}
		}
	case "array":
		if v.kind == kindList {
			return v
		}
	}
	return value{}
}

// arrayLiteral reads an array up to its closing bracket; the opening one is at hand.
func (p *script) arrayLiteral(closing string) value {
	start := p.lx
	p.advance()
	a, known := newArray(), true
	for p.tok.kind != tokEOF && !p.tok.is(closing) {
		if p.accept(",") { // list() may leave out elements
			continue
		}
		before := p.steps
		spread := p.tok.is("...")
		first := p.expression(0)
		if p.accept("=>") {
			known = known && a.add(&first, p.expression(0))
		} else {
			known = known && !spread && a.add(nil, first)
		}
		if p.steps == before {
			p.advance()
		}
	}
	p.accept(closing)
	if p.tok.is("=") { // the elements are set, not read
		for start.pos < p.lx.pos {
			if t := start.next(); t.kind == tokVariable {
				p.set(place{name: t.text}, value{})
			} else if t.kind == tokEOF {
				break
			}
		}
	}
	if !known {
		return value{}
	}
	return value{kind: kindList, list: a}
}

// suffixes reads the brackets and arrows behind a value that is no variable.
func (p *script) suffixes(v value) value {
	for {
		switch {
		case p.tok.is("["):
			p.advance()
			v = v.element(p.expression(0))
			p.skipTo("]")
			p.accept("]")
		case p.tok.is("("):
			p.arguments()
			v = value{}
		case p.tok.is("->"), p.tok.is("?->"), p.tok.is("::"):
			p.member()
			v = value{}
		default:
			return v
		}
	}
}

// dir is the directory of the file, as __DIR__ gives it.
func (p *script) dir() string { return filepath.Dir(p.path) }
