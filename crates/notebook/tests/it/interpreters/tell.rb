require 'json'
def told(v)
  case v
  when nil then ['null']
  when true, false then ['bool', v]
  when Integer then ['int', v.to_s]
  when Float then ['float', v.nan? ? 'nan' : [v].pack('G').unpack1('H*')]
  when String then ['str', v]
  when Array then ['list', v.map { |x| told(x) }]
  else ['dict', v.sort_by { |k, _| k.b }.map { |k, x| [k, told(x)] }]
  end
end
