function told($v) {
    if ($v === null) return ["null"];
    if (is_bool($v)) return ["bool", $v];
    if (is_int($v)) return ["int", (string)$v];
    if (is_float($v)) return ["float", is_nan($v) ? "nan" : bin2hex(pack("E", $v))];
    if (is_string($v)) return ["str", $v];
    if (array_is_list($v)) return ["list", array_map("told", $v)];
    ksort($v, SORT_STRING);
    return ["dict", array_map(null, array_map("strval", array_keys($v)), array_map("told", array_values($v)))];
}
