const bits = v => { const view = new DataView(new ArrayBuffer(8)); view.setFloat64(0, v); return view.getBigUint64(0).toString(16).padStart(16, "0"); };
const told = v => v === null ? ["null"] : typeof v === "boolean" ? ["bool", v]
  : typeof v === "bigint" ? ["int", String(v)] : typeof v === "number" ? ["float", Number.isNaN(v) ? "nan" : bits(v)]
  : typeof v === "string" ? ["str", v] : Array.isArray(v) ? ["list", v.map(told)]
  : ["dict", Object.entries(v).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))).map(([k, x]) => [k, told(x)])];
