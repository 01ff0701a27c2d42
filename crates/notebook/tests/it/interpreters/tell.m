function t = told(v)
  if iscell(v)
    t = ['["list",[' strjoin(cellfun(@told, v, "UniformOutput", false), ",") ']]'];
  elseif isobject(v)
    k = keys(v);
    e = cellfun(@(x) ['["' sprintf("%02x", uint8(x)) '",' told(v(x)) ']'], k, "UniformOutput", false);
    t = ['["dict",[' strjoin(e, ",") ']]'];
  elseif ischar(v)
    t = ['["str","' sprintf("%02x", uint8(v)) '"]'];
  elseif islogical(v)
    if v t = '["bool",true]'; else t = '["bool",false]'; end
  elseif isnan(v)
    t = '["float","nan"]';
  else
    t = ['["float","' num2hex(v) '"]'];
  end
end
