use B;
sub hex_of { my $s = shift; utf8::encode($s); unpack("H*", $s) }
sub told {
    my $v = shift;
    return '["null"]' unless defined $v;
    return '["list",[' . join(",", map { told($_) } @$v) . ']]' if ref $v eq "ARRAY";
    return '["int","' . $v . '"]' if ref $v eq "Math::BigInt";
    return '["dict",[' . join(",", map { '["' . hex_of($_) . '",' . told($v->{$_}) . ']' } sort { hex_of($a) cmp hex_of($b) } keys %$v) . ']]' if ref $v;
    my $flags = B::svref_2object(\$v)->FLAGS;
    return '["str","' . hex_of($v) . '"]' if $flags & B::SVf_POK;
    return '["int","' . $v . '"]' if $flags & B::SVf_IOK;
    return '["float","' . ($v != $v ? "nan" : unpack("H*", pack("d>", $v))) . '"]';
}
