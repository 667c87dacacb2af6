package cms

import "strings"

// member passes an arrow and the name behind it.
func (p *script) member() {
	p.advance()
	if !p.skipBrackets() {
		p.advance()
	}
}

// place reads a variable and the brackets and arrows behind it.
func (p *script) place() place {
	at := place{name: p.tok.text}
	p.advance()
	for {
		switch {
		case p.tok.is("["):
			p.advance()
			if p.accept("]") {
				at.keys = append(at.keys, nil)
				continue
			}
			key := p.expression(0)
			at.keys = append(at.keys, &key)
			p.skipTo("]")
			p.accept("]")
		case p.tok.is("->"), p.tok.is("?->"), p.tok.is("::"):
			p.member()
			at.odd = true
		case p.tok.is("("):
			p.arguments()
			at.odd = true
		default:
			return at
		}
	}
}

// variable reads a variable, or an assignment to one, which takes everything to its right whatever is on its left.
func (p *script) variable() (v value) {
	at := p.place()
	op := p.tok
	if op.is("++") || op.is("--") {
		p.advance()
		p.set(at, value{})
		return value{}
	}
	if level(op) != levelAssign {
		return p.get(at)
	}
	p.advance()
	old := p.get(at)
	switch op.text {
	case "=":
		if p.accept("&") {
			p.expression(levelAssign)
		} else {
			v = p.expression(levelAssign)
		}
	case ".=":
		v = concat(old, p.expression(levelAssign))
	case "??=":
		is, known := old.isNull()
		v = choose(!is, known, old, p.alternative(known, !is, levelAssign))
	default:
		p.expression(levelAssign)
	}
	p.set(at, v)
	return v
}

// interpolate computes a string with variables in it, as far as they are plain ones.
func (p *script) interpolate(t token) value {
	whole := textOf("")
	if t.quote == '`' {
		return value{}
	}
	literal := 0
	for i := 0; i < len(t.text); {
		name, n := "", 0
		switch s := t.text[i:]; {
		case s[0] == '\\':
			i += 2
			continue
		case startsBraces(s):
			name = strings.TrimPrefix(s[2:], "$") // {$name} and ${name}
			name = name[:nameLength(name)]
			n = len("{$") + len(name) + len("}")
			if name == "" || n > len(s) || s[n-1] != '}' {
				return value{}
			}
		case startsVariable(s):
			name = s[1 : 1+nameLength(s[1:])]
			n = 1 + len(name)
			if strings.HasPrefix(s[n:], "[") || strings.HasPrefix(s[n:], "->") || strings.HasPrefix(s[n:], "?->") {
				return value{}
			}
		default:
			i++
			continue
		}
		whole = concat(whole, textOf(unescapeDouble(t.text[literal:i], t.quote)))
		whole = concat(whole, p.get(place{name: name}))
		i += n
		literal = i
	}
	return concat(whole, textOf(unescapeDouble(t.text[literal:], t.quote)))
}
