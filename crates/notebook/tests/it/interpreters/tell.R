hex <- function(s) paste(format(as.hexmode(as.integer(charToRaw(enc2utf8(s)))), width = 2), collapse = "")
str <- function(s) if (nchar(s) == 0) "" else hex(s)
told <- function(v) {
  if (is.null(v)) return('["null"]')
  if (is.logical(v)) return(if (v) '["bool",true]' else '["bool",false]')
  if (is.numeric(v)) return(if (is.nan(v)) '["float","nan"]' else sprintf('["float","%s"]', paste(rev(format(as.hexmode(as.integer(writeBin(v, raw(), endian = "little"))), width = 2)), collapse = "")))
  if (is.character(v)) return(sprintf('["str","%s"]', str(v)))
  if (is.null(names(v))) return(sprintf('["list",[%s]]', paste(vapply(v, told, ""), collapse = ",")))
  entries <- mapply(function(k, x) sprintf('["%s",%s]', str(k), told(x)), names(v), v)
  sprintf('["dict",[%s]]', paste(entries, collapse = ","))
}
