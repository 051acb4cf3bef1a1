# ruff: noqa
# mypy: ignore-errors
"""Own safe Python-subset interpreter: AST whitelist + tree-walking with budgets. No eval/exec of compiled code."""
import ast, operator as op, functools, datetime
class Unsafe(Exception): pass
MAXLEN, MAXBITS, STEPS, DEPTH, SRC = 1_000_000, 4096, 100_000, 60, 20_000
def size(v): return len(v) if isinstance(v, (str, bytes, list, tuple, dict, set)) else 0
def num(v): return isinstance(v, (int, float)) or type(v).__name__ == 'Decimal'
def tree(v, limit=50_000):
    n, todo = 0, [v]
    while todo:
        x = todo.pop(); n += 1
        if n > limit: raise Unsafe('data too large')
        if isinstance(x, dict): todo.extend(x.values())
        elif isinstance(x, (list, tuple, set)): todo.extend(x)
def eqs(f):
    def g(a, b):
        if isinstance(a, (list, tuple, dict, set)): tree(a); tree(b)
        return f(a, b)
    return g
def _sum(x, s=0):
    for v in x:
        if not num(v) and type(v) is not datetime.timedelta: raise TypeError('sum of numbers only')
        s = s + v
    return s
def mul(a, b):
    for x, y in ((a, b), (b, a)):
        if isinstance(y, int) and size(x) and size(x) * y > MAXLEN: raise Unsafe('result too large')
    if isinstance(a, int) and isinstance(b, int) and a.bit_length() + b.bit_length() > MAXBITS: raise Unsafe('number too large')
    return a * b
def pw(a, b):
    if not (num(a) and num(b)) or abs(b) > 10_000 or (isinstance(a, int) and isinstance(b, int) and a.bit_length() * abs(b) > MAXBITS): raise Unsafe('power too large')
    return a ** b
def add(a, b):
    if size(a) + size(b) > MAXLEN: raise Unsafe('result too large')
    return a + b
def mod(a, b):
    if isinstance(a, (str, bytes)): raise Unsafe('% formatting')
    return a % b
BIN = {ast.Add: add, ast.Sub: op.sub, ast.Mult: mul, ast.Div: op.truediv, ast.FloorDiv: op.floordiv, ast.Mod: mod, ast.Pow: pw, ast.BitAnd: op.and_, ast.BitOr: op.or_}
UN = {ast.Not: op.not_, ast.USub: op.neg, ast.UAdd: op.pos}
CMP = {k: eqs(v) for k, v in {ast.Eq: op.eq, ast.NotEq: op.ne, ast.Lt: op.lt, ast.LtE: op.le, ast.Gt: op.gt, ast.GtE: op.ge, ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b, ast.Is: op.is_, ast.IsNot: op.is_not}.items()}
METH = {str: {'upper', 'lower', 'strip', 'lstrip', 'rstrip', 'startswith', 'endswith', 'split', 'replace', 'find', 'count', 'title', 'isdigit', 'isalpha', 'join', 'splitlines'},
        dict: {'get', 'keys', 'values', 'items', 'pop', 'update', 'setdefault', 'copy'}, list: {'append', 'extend', 'index', 'count', 'insert', 'pop', 'remove', 'reverse', 'copy'}, tuple: {'index', 'count'},
        datetime.datetime: {'isoformat', 'date', 'time', 'weekday', 'replace', 'timestamp'}, datetime.date: {'isoformat', 'weekday', 'replace'}, datetime.timedelta: {'total_seconds'}}
ATTR = {datetime.datetime: {'year', 'month', 'day', 'hour', 'minute', 'second'}, datetime.date: {'year', 'month', 'day'}, datetime.timedelta: {'days', 'seconds'}}
def _range(*a):
    r = range(*a)
    if len(r) > STEPS: raise Unsafe('range too long')
    return r
def _str(v):
    tree(v)
    if isinstance(v, int) and v.bit_length() > MAXBITS: raise Unsafe('number too large')
    return str(v)
FUNCS = {'len': len, 'abs': abs, 'min': min, 'max': max, 'sum': _sum, 'round': round, 'int': int, 'float': float, 'str': _str, 'bool': bool, 'list': list, 'dict': dict, 'set': set, 'tuple': tuple, 'sorted': sorted, 'any': any, 'all': all, 'range': _range, 'enumerate': lambda x, s=0: list(enumerate(x, s)), 'zip': lambda *a: list(zip(*a)), 'reversed': lambda x: list(reversed(x)), 'isinstance': None}
FUNCS.pop('isinstance')
class Interp:
    def __init__(s, names, funcs): s.n, s.f, s.steps = names, {**FUNCS, **funcs}, STEPS
    def tick(s, k=1):
        s.steps -= k
        if s.steps < 0: raise Unsafe('step budget exceeded')
    def bad(s, n): raise Unsafe(f'{type(n).__name__} not allowed (line {getattr(n, "lineno", "?")})')
    def e(s, n):
        s.tick(); f = getattr(s, 'e_' + type(n).__name__, None)
        return f(n) if f else s.bad(n)
    def e_Expression(s, n): return s.e(n.body)
    def e_Constant(s, n): return n.value
    def e_Name(s, n):
        if n.id.startswith('__'): s.bad(n)
        if n.id in s.n: return s.n[n.id]
        if n.id in s.f: raise Unsafe(f'function {n.id} used as value')
        raise NameError(f"name '{n.id}' is not defined")
    def e_BinOp(s, n):
        o = BIN.get(type(n.op)) or s.bad(n.op); v = o(s.e(n.left), s.e(n.right)); s.tick(size(v) // 64); return v
    def e_UnaryOp(s, n): return (UN.get(type(n.op)) or s.bad(n.op))(s.e(n.operand))
    def e_BoolOp(s, n):
        for x in n.values:
            v = s.e(x)
            if bool(v) == isinstance(n.op, ast.Or): return v
        return v
    def e_Compare(s, n):
        l = s.e(n.left)
        for o, r in zip(n.ops, n.comparators):
            r = s.e(r)
            if not CMP[type(o)](l, r): return False
            l = r
        return True
    def e_IfExp(s, n): return s.e(n.body) if s.e(n.test) else s.e(n.orelse)
    def e_List(s, n): return [s.e(x) for x in n.elts]
    def e_Tuple(s, n): return tuple(s.e(x) for x in n.elts)
    def e_Set(s, n): return {s.e(x) for x in n.elts}
    def e_Dict(s, n): return {s.e(k): s.e(v) for k, v in zip(n.keys, n.values)} if None not in n.keys else s.bad(n)
    def e_Subscript(s, n): return s.e(n.value)[s.e(n.slice)]
    def e_Slice(s, n): return slice(*[x and s.e(x) for x in (n.lower, n.upper, n.step)])
    def e_Attribute(s, n):
        v = s.e(n.value)
        if n.attr.startswith('_'): s.bad(n)
        if isinstance(v, dict): return v[n.attr]                       # order.total: Box-like access to task data
        if n.attr in ATTR.get(type(v), ()): return getattr(v, n.attr)
        s.bad(n)
    def e_JoinedStr(s, n):
        return ''.join(x.value if isinstance(x, ast.Constant) else s.fv(x) for x in n.values)
    def fv(s, n):
        if n.format_spec is not None or n.conversion not in (-1, 115): s.bad(n)
        v = s.e(n.value); return _str(v)
    def e_Call(s, n):
        args = [s.e(a) if not isinstance(a, ast.Starred) else s.bad(a) for a in n.args]; kw = {k.arg: s.e(k.value) if k.arg else s.bad(k) for k in n.keywords}
        if isinstance(n.func, ast.Name):
            f = s.f.get(n.func.id) or s.bad(n.func)
            s.tick(sum(map(size, args)) // 16)
            r = f(*args, **kw)
        elif isinstance(n.func, ast.Attribute):
            o = s.e(n.func.value)
            if n.func.attr not in METH.get(type(o), ()): s.bad(n.func)
            if type(o) is str and n.func.attr in ('replace', 'join') and size(o) * (1 + max([size(a) for a in args] or [0])) > MAXLEN and n.func.attr == 'replace': raise Unsafe('result too large')
            if n.func.attr == 'join' and sum(size(x) for x in args[0]) + size(o) * len(args[0]) > MAXLEN: raise Unsafe('result too large')
            s.tick(size(o) // 64); r = getattr(o, n.func.attr)(*args, **kw)
        else: s.bad(n.func)
        return r
    def comp(s, n, out):
        save = dict(s.n); inner = s.n; s.n = dict(s.n)
        def go(i):
            if i == len(n.generators): out(); return
            g = n.generators[i]
            if g.is_async: s.bad(n)
            for v in s.it(g.iter):
                s.assign(g.target, v)
                if all(s.e(c) for c in g.ifs): go(i + 1)
        try: go(0)
        finally: s.n = inner
    def it(s, n):
        for v in s.e(n): s.tick(); yield v
    def e_ListComp(s, n): r = []; s.comp(n, lambda: r.append(s.e(n.elt))); return r
    e_GeneratorExp = e_ListComp
    def e_SetComp(s, n): r = set(); s.comp(n, lambda: r.add(s.e(n.elt))); return r
    def e_DictComp(s, n): r = {}; s.comp(n, lambda: r.__setitem__(s.e(n.key), s.e(n.value))); return r
    def assign(s, t, v):
        if isinstance(t, ast.Name):
            if t.id.startswith('__') or t.id in s.f: s.bad(t)
            s.n[t.id] = v
        elif isinstance(t, (ast.Tuple, ast.List)):
            v = list(v)
            if len(v) != len(t.elts): raise ValueError('unpack')
            for a, b in zip(t.elts, v): s.assign(a, b)
        elif isinstance(t, ast.Subscript):
            o = s.e(t.value); k = s.e(t.slice)
            if type(o) not in (dict, list) or isinstance(k, slice): s.bad(t)
            o[k] = v
        elif isinstance(t, ast.Attribute) and not t.attr.startswith('_') and isinstance(o := s.e(t.value), dict): o[t.attr] = v
        else: s.bad(t)
    def x(s, body):
        for n in body:
            s.tick()
            if isinstance(n, ast.Assign):
                v = s.e(n.value)
                for t in n.targets: s.assign(t, v)
            elif isinstance(n, ast.AnnAssign) and n.value is not None: s.assign(n.target, s.e(n.value))
            elif isinstance(n, ast.AugAssign): s.assign(n.target, (BIN.get(type(n.op)) or s.bad(n.op))(s.e(ast.Expression(_load(n.target))), s.e(n.value)))
            elif isinstance(n, ast.Expr): s.e(n.value)
            elif isinstance(n, ast.If): s.x(n.body if s.e(n.test) else n.orelse)
            elif isinstance(n, ast.For) and not n.orelse:
                for v in s.it(n.iter): s.assign(n.target, v); s.x(n.body)
            elif isinstance(n, ast.Delete) and all(isinstance(t, (ast.Name, ast.Subscript)) for t in n.targets):
                for t in n.targets:
                    if isinstance(t, ast.Name): del s.n[t.id]
                    else: del s.e(t.value)[s.e(t.slice)]
            elif isinstance(n, ast.Pass): pass
            else: s.bad(n)
def _load(t):
    import copy; t = copy.copy(t); t.ctx = ast.Load(); return t
@functools.lru_cache(4096)
def parse(src, mode):
    if len(src) > SRC: raise Unsafe('source too long')
    d = m = 0
    for ch in src:
        d += (ch in '([{') - (ch in ')]}'); m = max(m, d)
    if m > DEPTH: raise Unsafe('nesting too deep')
    try: t = ast.parse(src.strip() if mode == 'eval' else src, mode=mode)
    except (RecursionError, MemoryError): raise Unsafe('too complex')
    todo = [(t, 0)]
    while todo:
        n, d = todo.pop()
        if d > 200: raise Unsafe('nesting too deep')
        todo.extend((c, d + 1) for c in ast.iter_child_nodes(n))
    return t
def evaluate(src, names, funcs=()):
    r = Interp(dict(names), dict(funcs)).e(parse(src, 'eval')); tree(r); return r
def execute(src, data, funcs=()):
    i = Interp({k: v for k, v in data.items() if not callable(v)}, dict(funcs)); i.x(parse(src, 'exec').body); tree(i.n); data.update(i.n)
    for k in [k for k in data if k not in i.n and not callable(data[k])]: del data[k]
