package cms

import (
	"path/filepath"
	"strings"
)

// word reads an operand that begins with a name: a keyword, a constant or a call.
func (p *script) word() value {
	name := p.tok.text
	lower := strings.ToLower(name)
	p.advance()
	switch lower {
	case "true":
		return boolOf(true)
	case "false":
		return boolOf(false)
	case "null":
		return value{kind: kindNull}
	case "__file__":
		return textOf(p.path)
	case "__dir__":
		return textOf(p.dir())
	case "array", "list":
		if p.tok.is("(") {
			return p.arrayLiteral(")")
		}
	case "include", "include_once", "require", "require_once":
		p.include(p.expression(levelAssign), p.dir(), p.certainty())
		return value{}
	case "exit", "die":
		p.skipBrackets()
		if p.certainty() == runs { // where it only may end here, the site is the case in which it does not
			p.over = skipped
		}
		return value{}
	case "print", "throw", "clone", "yield", "from":
		p.expression(levelAssign)
		return value{}
	case "new":
		p.newObject()
		return value{}
	case "match":
		p.skipBrackets()
		p.skipBrackets()
		return value{}
	case "function", "fn", "static":
		if !p.tok.is("::") {
			p.closure(lower)
			return value{}
		}
	}
	if p.tok.is("(") {
		return p.call(lower)
	}
	if p.tok.is("::") {
		return value{}
	}
	return p.constant(name[strings.LastIndexByte(name, '\\')+1:])
}

// closure passes a function without a name.
func (p *script) closure(word string) {
	if word == "static" {
		word = strings.ToLower(p.tok.text)
		p.advance()
	}
	if word == "fn" {
		p.skipTo("=>", ";", ",", ")", "]")
		if p.accept("=>") {
			p.under(skipped, func() { p.expression(levelAssign) })
		}
		return
	}
	p.skipTo("{", ";")
	p.skipBrackets()
}

func (p *script) newObject() {
	anonymous := p.acceptWord("class")
	switch {
	case anonymous:
	case p.tok.kind == tokVariable:
		p.place()
	case !p.skipBrackets():
		p.advance()
	}
	p.skipArguments()
	if anonymous {
		p.skipTo("{", ";")
		p.skipBrackets()
	}
}

func (p *script) skipArguments() {
	if p.tok.is("(") {
		p.skipBrackets()
	}
}

// arguments reads those of a call; the opening bracket is at hand.
func (p *script) arguments() (values []value) {
	p.advance()
	for p.tok.kind != tokEOF && !p.tok.is(")") {
		before := p.steps
		v := p.expression(0)
		if p.accept(":") { // name: value
			p.expression(0)
			v = value{}
		}
		values = append(values, v)
		if !p.accept(",") {
			p.skipTo(")", ",")
			p.accept(",")
		}
		if p.steps == before || p.tok.is("}") {
			break
		}
	}
	p.accept(")")
	return values
}

// call reads the arguments of a function and computes what it gives where that is one of the few which configurations use.
func (p *script) call(name string) value {
	switch name {
	case "isset":
		return p.isset()
	case "empty":
		is, known := p.parenthesised().truth()
		return decided(!is, known)
	}
	args := p.arguments()
	arg := func(i int) value {
		if i < len(args) {
			return args[i]
		}
		return value{}
	}
	first, known := arg(0).text()
	switch name {
	case "eval", "extract", "parse_str": // which may set anything
		p.blind = p.blind || p.certainty() != skipped
		return value{}
	}
	if !known {
		return value{}
	}
	switch name {
	case "define":
		p.define(strings.TrimPrefix(first, `\`), arg(1))
		return boolOf(true)
	case "defined":
		return p.isDefined(strings.TrimPrefix(first, `\`))
	case "constant":
		return p.constant(first)
	case "getenv":
		return p.environment(first, kindBoolean)
	case "getenv_docker":
		return p.dockerEnvironment(first, arg(1))
	case "dirname":
		return dirname(first, arg(1), len(args) > 1)
	case "realpath":
		return p.realpath(first)
	case "file_exists", "is_file", "is_readable":
		if p.exists != nil && filepath.IsAbs(first) {
			return boolOf(p.exists(filepath.Clean(first)))
		}
	}
	return value{}
}

func (p *script) isset() value {
	all, known := true, true
	for _, v := range p.arguments() {
		is, knownHere := v.isNull()
		all, known = all && !(is && knownHere), known && knownHere
	}
	return decided(all, known || !all)
}

// dockerEnvironment is getenv_docker of the official image of WordPress: the file that NAME_FILE names, else NAME,
// else the second argument. See https://github.com/docker-library/wordpress/blob/master/wp-config-docker.php.
func (p *script) dockerEnvironment(name string, otherwise value) value {
	if v := p.environment(name+"_FILE", kindBoolean); !v.unset {
		return value{}
	}
	if v := p.environment(name, kindBoolean); !v.unset {
		return v
	}
	return otherwise
}

// realpath is the function of PHP: false where there is no such file.
func (p *script) realpath(path string) value {
	if p.exists == nil || !filepath.IsAbs(path) {
		return value{}
	}
	if !p.exists(path) {
		return boolOf(false)
	}
	return textOf(resolved(path))
}

// dirname is the function of PHP; its second argument says how many levels to go up.
func dirname(path string, levels value, given bool) value {
	n := int64(1)
	if given {
		n = levels.n
		if levels.kind != kindInteger || n < 1 || n > maxNesting {
			return value{}
		}
	}
	for range n {
		path = filepath.Dir(path)
	}
	return textOf(path)
}
