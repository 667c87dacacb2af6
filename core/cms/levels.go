package cms

import "strings"

// The levels of PHP's operators that matter here, loosest first; see
// https://www.php.net/manual/en/language.operators.precedence.php.
const (
	levelOr = iota + 1
	levelXor
	levelAnd
	levelAssign
	levelTernary
	levelCoalesce
	levelBoolOr
	levelBoolAnd
	levelBitOr
	levelBitXor
	levelBitAnd
	levelEqual
	levelCompare
	levelConcat
	levelShift
	levelSum
	levelProduct
	levelUnary
	levelInstance
	levelPower
)

// level gives an operator's level, 0 where the token is none.
func level(t token) int {
	if t.kind == tokName {
		switch strings.ToLower(t.text) {
		case "or":
			return levelOr
		case "xor":
			return levelXor
		case "and":
			return levelAnd
		case "instanceof":
			return levelInstance
		}
		return 0
	}
	if t.kind != tokOp {
		return 0
	}
	switch t.text {
	case "=", "+=", "-=", "*=", "/=", ".=", "%=", "&=", "|=", "^=", "**=", "<<=", ">>=", "??=":
		return levelAssign
	case "?":
		return levelTernary
	case "??":
		return levelCoalesce
	case "||":
		return levelBoolOr
	case "&&":
		return levelBoolAnd
	case "|":
		return levelBitOr
	case "^":
		return levelBitXor
	case "&":
		return levelBitAnd
	case "==", "!=", "<>", "===", "!==", "<=>":
		return levelEqual
	case "<", "<=", ">", ">=", "|>":
		return levelCompare
	case ".":
		return levelConcat
	case "<<", ">>":
		return levelShift
	case "+", "-":
		return levelSum
	case "*", "/", "%":
		return levelProduct
	case "**":
		return levelPower
	}
	return 0
}
