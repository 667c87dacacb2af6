<?php
// Lists what in the file of its argument PHP 7.4 does not know, as far as tokens tell.
$newer = ['T_MATCH', 'T_ENUM', 'T_READONLY', 'T_NULLSAFE_OBJECT_OPERATOR', 'T_NAME_RELATIVE'];
$functions = ['str_contains', 'str_starts_with', 'str_ends_with', 'get_debug_type', 'get_resource_id', 'fdiv', 'array_is_list', 'fsync', 'json_validate'];
$types = ['mixed', 'never', 'null', 'false', 'true'];
$lines = file($argv[1]);
$tokens = array_values(array_filter(PhpToken::tokenize(implode('', $lines)), function ($t) {
    return !$t->isIgnorable();
}));
foreach ($tokens as $i => $t) {
    $before = $tokens[$i - 1] ?? new PhpToken(0, '');
    $after = $tokens[$i + 1] ?? new PhpToken(0, '');
    $bad = in_array($t->getTokenName(), $newer, true)
        || $t->is($functions) && $after->is('(')
        || $t->is(T_ATTRIBUTE) && trim($lines[$t->line - 1]) !== '#[\SensitiveParameter]' // a comment to 7.4, alone on its line
        || $t->is(T_THROW) && !$before->is([';', '{', '}', ')']) // as an expression
        || $t->is(T_STRING) && $after->is(':') && $before->is(['(', ',']) // a named argument
        || $t->is(')') && $before->is(',') && $after->is(['{', ':', ';']) && preg_match('/^\s*\)\s*(?:\{|:)/', $lines[$t->line - 1]) // a comma after the last parameter
        || $t->is([T_PUBLIC, T_PROTECTED, T_PRIVATE]) && $before->is(['(', ',']) // a promoted parameter
        || $t->is(T_VARIABLE) && $before->is([T_STRING, T_ARRAY]) && ($tokens[$i - 2] ?? $t)->is('|') // a union
        || $t->is(T_STRING) && $t->is($types) && ($after->is(T_VARIABLE) || $before->is([':', '|']) && $after->is(['{', '|']))
        || $t->is(')') && $after->is('{') && $i > 2 && $tokens[$i - 3]->is(T_CATCH); // no variable
    if ($bad) {
        echo "line {$t->line}: {$t->text}\n";
    }
}
