using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Numerics;
using System.Text;
class Program {
static string Hex(string text) {
    return string.Concat(Encoding.UTF8.GetBytes(text).Select(one => one.ToString("x2")));
}
static string Told(object v) {
    if (v == null) return "[\"null\"]";
    if (v is bool) return "[\"bool\"," + ((bool)v ? "true" : "false") + "]";
    if (v is int || v is long || v is BigInteger) return "[\"int\",\"" + v + "\"]";
    if (v is double) {
        var number = (double)v;
        var digits = double.IsNaN(number) ? "nan" : BitConverter.DoubleToInt64Bits(number).ToString("x16");
        return "[\"float\",\"" + digits + "\"]";
    }
    if (v is string) return "[\"str\",\"" + Hex((string)v) + "\"]";
    if (v is Dictionary<string, object>) {
        var all = ((Dictionary<string, object>)v).Select(one => "[\"" + Hex(one.Key) + "\"," + Told(one.Value) + "]");
        return "[\"dict\",[" + string.Join(",", all) + "]]";
    }
    return "[\"list\",[" + string.Join(",", ((IEnumerable)v).Cast<object>().Select(Told)) + "]]";
}
