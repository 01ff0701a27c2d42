static String hexOf(Object v) {
    StringBuilder hex = new StringBuilder();
    for (byte b : v.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8)) hex.append(String.format("%02x", b));
    return hex.toString();
}

static String told(Object v) {
    if (v == null) return "[\"null\"]";
    if (v instanceof Boolean) return "[\"bool\"," + v + "]";
    if (v instanceof Integer || v instanceof Long || v instanceof java.math.BigInteger) return "[\"int\",\"" + v + "\"]";
    if (v instanceof Double d) return "[\"float\",\"" + (d.isNaN() ? "nan" : String.format("%016x", Double.doubleToLongBits(d))) + "\"]";
    if (v instanceof String) return "[\"str\",\"" + hexOf(v) + "\"]";
    StringBuilder all = new StringBuilder();
    if (v instanceof java.util.List<?> list) {
        for (Object x : list) all.append(all.isEmpty() ? "" : ",").append(told(x));
        return "[\"list\",[" + all + "]]";
    }
    for (var e : ((java.util.Map<?, ?>) v).entrySet())
        all.append(all.isEmpty() ? "" : ",").append("[\"" + hexOf(e.getKey()) + "\"," + told(e.getValue()) + "]");
    return "[\"dict\",[" + all + "]]";
}
