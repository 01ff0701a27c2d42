#include <any>
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
std::string told(unsigned long long v) { return "[\"int\",\"" + std::to_string(v) + "\"]"; }
std::string told(double v) {
    if (v != v) return "[\"float\",\"nan\"]";
    std::uint64_t bits;
    std::memcpy(&bits, &v, 8);
    char digits[17];
    std::snprintf(digits, 17, "%016llx", (unsigned long long)bits);
    return std::string("[\"float\",\"") + digits + "\"]";
}
std::string told(const std::string &v) { return "[\"str\",\"" + hex(v) + "\"]"; }
std::string told(const std::any &v);
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
std::string told(const std::any &v) {
    if (auto all = std::any_cast<std::vector<std::any>>(&v)) return told(*all);
    if (auto all = std::any_cast<std::map<std::string, std::any>>(&v)) return told(*all);
    if (auto text = std::any_cast<std::string>(&v)) return told(*text);
    if (auto truth = std::any_cast<bool>(&v)) return told(*truth);
    if (auto number = std::any_cast<long long>(&v)) return told(*number);
    if (auto number = std::any_cast<unsigned long long>(&v)) return told(*number);
    if (auto number = std::any_cast<double>(&v)) return told(*number);
    return told(std::any_cast<std::nullptr_t>(v));
}
