package cms

import "strings"

// expression reads an expression of operators of at least the level.
func (p *script) expression(lowest int) value {
	p.deeper()
	defer func() { p.depth-- }()
	left := p.operand()
	for {
		at := level(p.tok)
		if at == 0 || at < lowest {
			return left
		}
		op := strings.ToLower(p.tok.text)
		p.advance()
		if op == "?" {
			left = p.ternary(left)
		} else {
			left = p.binary(left, op, at)
		}
	}
}

func (p *script) ternary(condition value) value {
	is, known := condition.truth()
	if p.accept(":") { // ?:
		other := p.alternative(known, is, levelTernary+1)
		return choose(is, known, condition, other)
	}
	yes := p.alternative(known, !is, levelAssign)
	p.skipTo(":")
	p.accept(":")
	no := p.alternative(known, is, levelTernary+1)
	return choose(is, known, yes, no)
}

// alternative reads an operand that PHP passes over where that is known.
func (p *script) alternative(known, passed bool, lowest int) (v value) {
	c := mayRun
	if known {
		c = runs
		if passed {
			c = skipped
		}
	}
	p.under(c, func() { v = p.expression(lowest) })
	return v
}

func choose(is, known bool, yes, no value) value {
	switch same, comparable := identical(yes, no); {
	case known && is, !known && same && comparable:
		return yes
	case known:
		return no
	}
	return value{}
}

// binary reads the right side of an operator and computes.
func (p *script) binary(left value, op string, at int) value {
	is, known := left.truth()
	switch op {
	case "&&", "and":
		right, rightKnown := p.alternative(known, !is, at+1).truth()
		if known && !is || rightKnown && !right {
			return boolOf(false)
		}
		return decided(right, known && rightKnown)
	case "||", "or":
		right, rightKnown := p.alternative(known, is, at+1).truth()
		if known && is || rightKnown && right {
			return boolOf(true)
		}
		return decided(right, known && rightKnown)
	case "??":
		is, known := left.isNull()
		right := p.alternative(known, !is, at) // it groups to the right
		return choose(!is, known, left, right)
	}
	if at == levelAssign || at == levelPower {
		p.expression(at)
		return value{}
	}
	right := p.expression(at + 1)
	switch op {
	case ".":
		return concat(left, right)
	case "===", "!==":
		same, known := identical(left, right)
		return decided(same == (op == "==="), known)
	case "==", "!=", "<>":
		same, known := equal(left, right)
		return decided(same == (op == "=="), known)
	}
	return value{}
}

// decided is the boolean is, or unknown.
func decided(is, known bool) value {
	if !known {
		return value{}
	}
	return boolOf(is)
}

func concat(a, b value) value {
	x, known := a.text()
	y, alsoKnown := b.text()
	if !known || !alsoKnown {
		return value{}
	}
	return textOf(x + y)
}
