package cms

import "strings"

// class reads a class from its name on. Of its members only what is written as a value is kept; a property that one of
// its methods may change is unknown.
func (p *script) class() {
	name := strings.ToLower(p.tok.text[strings.LastIndexByte(p.tok.text, '\\')+1:])
	p.skipTo("{")
	if !p.accept("{") {
		return
	}
	members := map[string]value{}
	for p.tok.kind != tokEOF && !p.tok.is("}") {
		switch {
		case p.tok.kind == tokVariable:
			p.property(members)
		case p.acceptWord("const"):
			p.constants(func(name string, v value) { members["::"+name] = v })
			p.endStatement()
		case p.isWord("function"):
			p.method(members)
		case p.isWord("use", "case"):
			p.skipTo(";", "{")
			if !p.skipBrackets() {
				p.accept(";")
			}
		default: // modifiers and types
			p.advance()
		}
	}
	p.accept("}")
	if p.certainty() != skipped {
		p.declare(name, members)
	}
}

// declare stores a class. Of two that may be the one, only what they agree in is known.
func (p *script) declare(name string, members map[string]value) {
	old, there := p.classes[name]
	for member, v := range members {
		if same, known := identical(old[member], v); there && !(same && known) {
			members[member] = value{}
		}
	}
	for member := range old {
		if _, in := members[member]; !in {
			members[member] = value{}
		}
	}
	p.classes[name] = members
}

// property reads the rest of a declaration: $name = value, …;
func (p *script) property(members map[string]value) {
	for ok := true; ok && p.tok.kind == tokVariable; ok = p.accept(",") {
		name := p.tok.text
		p.advance()
		v := value{kind: kindNull}
		if p.accept("=") {
			v = p.expression(0)
		}
		if old, there := members[name]; there && old.kind == kindUnknown { // a method in front of it
			v = old
		}
		members[name] = v
	}
	p.skipTo(";", "{") // the hooks of PHP 8.4 are in braces
	if p.skipBrackets() {
		return
	}
	p.accept(";")
}

// method skips a method. What it mentions of $this it may set.
func (p *script) method(members map[string]value) {
	p.skipTo("{", ";")
	if p.accept(";") || !p.tok.is("{") {
		return
	}
	for open := 0; p.tok.kind != tokEOF; {
		switch {
		case p.tok.is("{"):
			open++
		case p.tok.is("}"):
			open--
		case p.tok.kind == tokVariable && p.tok.text == "this":
			p.advance()
			if (p.accept("->") || p.accept("?->")) && p.tok.kind == tokName {
				members[p.tok.text] = value{}
			}
			continue
		}
		p.advance()
		if open == 0 {
			return
		}
	}
}
