package main

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"sort"
)

func told(v interface{}) []interface{} {
	switch v := v.(type) {
	case nil:
		return []interface{}{"null"}
	case bool:
		return []interface{}{"bool", v}
	case int:
		return []interface{}{"int", fmt.Sprint(v)}
	case float64:
		if v != v {
			return []interface{}{"float", "nan"}
		}
		return []interface{}{"float", fmt.Sprintf("%016x", math.Float64bits(v))}
	case string:
		return []interface{}{"str", v}
	case map[string]interface{}:
		keys := make([]string, 0)
		for key := range v {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		entries := make([]interface{}, 0)
		for _, key := range keys {
			entries = append(entries, []interface{}{key, told(v[key])})
		}
		return []interface{}{"dict", entries}
	}
	list := reflect.ValueOf(v)
	values := make([]interface{}, 0)
	for i := 0; i < list.Len(); i++ {
		values = append(values, told(list.Index(i).Interface()))
	}
	return []interface{}{"list", values}
}

func tell(values ...interface{}) {
	for _, value := range values {
		line, _ := json.Marshal(told(value))
		fmt.Println(string(line))
	}
}
