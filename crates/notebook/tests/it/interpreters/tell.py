import json, struct
def told(v):
    if v is None: return ['null']
    if isinstance(v, bool): return ['bool', v]
    if isinstance(v, int): return ['int', str(v)]
    if isinstance(v, float): return ['float', 'nan' if v != v else struct.pack('>d', v).hex()]
    if isinstance(v, str): return ['str', v]
    if isinstance(v, list): return ['list', [told(x) for x in v]]
    return ['dict', [[k, told(v[k])] for k in sorted(v)]]
