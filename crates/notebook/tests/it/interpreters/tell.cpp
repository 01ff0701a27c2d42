#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iostream>
std::string hex(const std::string &text) {
    std::string all;
    char two[3];
    for (unsigned char byte : text) { std::snprintf(two, 3, "%02x", byte); all += two; }
    return all;
}
std::string told(std::nullptr_t) { return "[\"null\"]"; }
std::string told(bool v) { return v ? "[\"bool\",true]" : "[\"bool\",false]"; }
std::string told(int v) { return "[\"int\",\"" + std::to_string(v) + "\"]"; }
std::string told(long long v) { return "[\"int\",\"" + std::to_string(v) + "\"]"; }
std::string told(double v) {
    if (v != v) return "[\"float\",\"nan\"]";
    std::uint64_t bits;
    std::memcpy(&bits, &v, 8);
    char digits[17];
    std::snprintf(digits, 17, "%016llx", (unsigned long long)bits);
    return std::string("[\"float\",\"") + digits + "\"]";
}
std::string told(const std::string &v) { return "[\"str\",\"" + hex(v) + "\"]"; }
template <class T> std::string told(const std::vector<T> &v);
template <class T> std::string told(const std::map<std::string, T> &v) {
    std::string all;
    for (const auto &[key, value] : v) all += (all.empty() ? "" : ",") + ("[\"" + hex(key) + "\"," + told(value) + "]");
    return "[\"dict\",[" + all + "]]";
}
template <class T> std::string told(const std::vector<T> &v) {
    std::string all;
    for (const auto &value : v) all += (all.empty() ? "" : ",") + told((T)value);
    return "[\"list\",[" + all + "]]";
}
