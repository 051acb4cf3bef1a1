# ruff: noqa
# mypy: ignore-errors
"""Prototype FEEL interpreter: scannerless recursive descent -> closures. No eval/exec. stdlib only."""
import re, datetime as D, decimal, functools, math
from decimal import Decimal
from zoneinfo import ZoneInfo
CTX = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN, Emax=6144, Emin=-6143)
from processes.notation.feel.errors import FeelSyntaxError, FeelError, BudgetExceeded as BudgetError
class YM(int):
    "years and months duration (months)"
    def __repr__(self): return f'YM({int(self)})'
class Range:
    __slots__ = ('lo', 'hi', 'li', 'hi_')
    def __init__(s, lo, hi, li, hi_): s.lo, s.hi, s.li, s.hi_ = lo, hi, li, hi_
    def __eq__(s, o): return isinstance(o, Range) and (s.lo, s.hi, s.li, s.hi_) == (o.lo, o.hi, o.li, o.hi_)
    def __repr__(s): return f'{"[" if s.li else "("}{s.lo}..{s.hi}{"]" if s.hi_ else ")"}'
    __hash__ = None
class Fn:
    def __init__(s, params, call, ptypes=None): s.params, s.call, s.ptypes = params, call, ptypes
class Budget:
    def __init__(s, steps=200_000): s.n = steps
    def tick(s, k=1):
        s.n -= k
        if s.n < 0: raise BudgetError('FEEL evaluation budget exceeded')
import threading
_T = threading.local()
MAXSTR = 1_000_000
def charge(v):
    "charge the running budget for the tree size of v (stops shared-structure 'billion laughs')"
    b = getattr(_T, 'b', None)
    if b is None: return
    todo = [v]
    while todo:
        x = todo.pop()
        if isinstance(x, list): b.tick(1 + len(x)); todo.extend(y for y in x if isinstance(y, (list, dict, str)))
        elif isinstance(x, dict): b.tick(1 + len(x)); todo.extend(y for y in x.values() if isinstance(y, (list, dict, str)))
        elif isinstance(x, str):
            if len(x) > MAXSTR: raise BudgetError('string too long')
            b.tick(1 + len(x) // 256)
class Scope:
    __slots__ = ('v', 'p', 'b')
    def __init__(s, v, p=None, b=None): s.v, s.p, s.b = v, p, b or (p.b if p else Budget())
    def get(s, k):
        while s is not None:
            if k in s.v: return s.v[k]
            s = s.p
        return BUILTINS.get(k)
# ---------- kinds, comparison ----------
def kind(v):
    if v is None: return 'null'
    if isinstance(v, bool): return 'boolean'
    if isinstance(v, YM): return 'years and months duration'
    if isinstance(v, (Decimal, int, float)): return 'number'
    if isinstance(v, str): return 'string'
    if isinstance(v, D.datetime): return 'date and time'
    if isinstance(v, D.date): return 'date'
    if isinstance(v, D.time): return 'time'
    if isinstance(v, D.timedelta): return 'days and time duration'
    if isinstance(v, list): return 'list'
    if isinstance(v, dict): return 'context'
    if isinstance(v, Range): return 'range'
    if isinstance(v, Fn): return 'function'
    return 'any'
def num(v):
    if isinstance(v, bool): raise TypeError
    if isinstance(v, Decimal): return v
    if isinstance(v, int): return Decimal(v)
    if isinstance(v, float): return Decimal(repr(v))
    raise TypeError('number expected')
def tkey(t):
    off = toff(t); s = t.hour * 3600 + t.minute * 60 + t.second + t.microsecond / 1e6
    return s - off.total_seconds() if off is not None else s
def toff(t):
    if t.tzinfo is None: return None
    o = t.utcoffset()
    return o if o is not None else t.tzinfo.utcoffset(D.datetime(2020, 1, 1))
def eq(a, b):
    if a is None or b is None: return a is None and b is None
    ka, kb = kind(a), kind(b)
    if ka != kb: return None
    if ka == 'number': return num(a) == num(b)
    if ka == 'time':
        return tkey(a) == tkey(b) if (a.tzinfo is None) == (b.tzinfo is None) else False
    if ka == 'date and time':
        if (a.tzinfo is None) != (b.tzinfo is None): return False
    if ka in ('list', 'context') : b_ = getattr(_T, 'b', None); b_ and b_.tick(1 + len(a))
    if ka == 'list':
        return len(a) == len(b) and all(eq(x, y) is True for x, y in zip(a, b))
    if ka == 'context':
        return a.keys() == b.keys() and all(eq(a[k], b[k]) is True for k in a)
    if ka == 'function': return None
    return a == b
def lt(a, b):
    ka = kind(a)
    if ka != kind(b) or ka in ('null', 'boolean', 'list', 'context', 'range', 'function', 'any'): return None
    if ka == 'number': return num(a) < num(b)
    if ka == 'time':
        if (a.tzinfo is None) != (b.tzinfo is None): return None
        return tkey(a) < tkey(b)
    if ka == 'date and time' and (a.tzinfo is None) != (b.tzinfo is None): return None
    return a < b
def cmp(op, a, b):
    if op == '=': return eq(a, b)
    if op == '!=': r = eq(a, b); return None if r is None else not r
    if op == '<': return lt(a, b)
    if op == '>': return lt(b, a)
    l = lt(a, b) if op == '<=' else lt(b, a)
    if l is None: return None
    return l or eq(a, b) is True
def in_range(v, r):
    x = True
    if r.lo is not None: x = cmp('>=' if r.li else '>', v, r.lo)
    if x is None: return None
    y = True
    if r.hi is not None: y = cmp('<=' if r.hi_ else '<', v, r.hi)
    if y is None: return None
    return x and y
def in_test(v, t):
    "v in (single value/range/list/fn result)"
    if isinstance(t, Range): return in_range(v, t)
    if isinstance(t, list):
        if isinstance(v, list) and eq(v, t): return True
        return any(in_test(v, x) is True for x in t)
    return eq(v, t)
def and3(a, b):
    if a is False or b is False: return False
    return True if a is True and b is True else None
def or3(a, b):
    if a is True or b is True: return True
    return False if a is False and b is False else None
# ---------- temporal parsing / formatting ----------
DATE = re.compile(r'(-?\d{4,9})-(\d\d)-(\d\d)\Z'); TIME = re.compile(r'(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d(?::\d\d)?|@[A-Za-z0-9_+\-/]+)?\Z')
DUR = re.compile(r'(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(\.\d*)?S)?)?\Z'); YMD = re.compile(r'(-)?P(?:(\d+)Y)?(?:(\d+)M)?\Z')
def p_date(s):
    m = DATE.match(s)
    if not m or (len(m[1].lstrip('-')) > 4 and m[1].lstrip('-')[0] == '0'): return None
    try: return D.date(int(m[1]), int(m[2]), int(m[3]))
    except (ValueError, OverflowError): return None
def p_tz(z):
    if not z: return None
    if z == 'Z': return D.timezone.utc
    if z[0] == '@':
        try: return D.timezone.utc if z[1:] in ('Etc/UTC', 'UTC') and False else ZoneInfo(z[1:])
        except Exception: raise ValueError(z)
    p = [int(x) for x in z[1:].split(':')] + [0]
    if p[0] > 14 or p[1] > 59: raise ValueError(z)
    d = D.timedelta(hours=p[0], minutes=p[1], seconds=p[2])
    return D.timezone(d if z[0] == '+' else -d)
def p_time(s):
    m = TIME.match(s)
    if not m: return None
    try: return D.time(int(m[1]), int(m[2]), int(m[3]), int(float(m[4] or 0) * 1e6 + .5), p_tz(m[5]))
    except (ValueError, OverflowError): return None
def p_dt(s):
    if 'T' not in s:
        d = p_date(s); return d and D.datetime(d.year, d.month, d.day)
    a, b = s.split('T', 1); d, eod = p_date(a), b.startswith('24:00:00')
    t = p_time('00' + b[2:] if eod else b)
    if d is None or t is None: return None
    return D.datetime.combine(d, t) + (D.timedelta(1) if eod else D.timedelta())
def p_dur(s):
    if not isinstance(s, str) or s.endswith(('P', 'T')): return None
    m = YMD.match(s)
    if m: v = int(m[2] or 0) * 12 + int(m[3] or 0); return YM(-v if m[1] else v)
    m = DUR.match(s)
    if m:
        v = D.timedelta(days=int(m[2] or 0), hours=int(m[3] or 0), minutes=int(m[4] or 0), seconds=int(m[5] or 0), microseconds=int(float('0' + (m[6] or '.0') + '0') * 1e6 + .5))
        return -v if m[1] else v
def p_at(s):
    for f in (p_date, p_time, p_dt, p_dur):
        v = f(s)
        if v is not None: return v
def tzs(t):
    if t.tzinfo is None: return ''
    if isinstance(t.tzinfo, ZoneInfo): return '@' + t.tzinfo.key
    o = t.utcoffset()
    if not o: return 'Z'
    n = int(o.total_seconds()); s = '-' if n < 0 else '+'; n = abs(n)
    return f'{s}{n//3600:02}:{n//60%60:02}' + (f':{n%60:02}' if n % 60 else '')
def frac(us): return ('.%06d' % us).rstrip('0') if us else ''
def numstr(v):
    v = num(v)
    if v == v.to_integral_value() and abs(v.adjusted()) < 40: return format(v.to_integral_value(), 'f')
    return format(v.normalize(CTX), 'f')
def fstr(v, top=True):
    k = kind(v)
    if k in ('list', 'context') and top: charge(v)
    if k == 'null': return 'null'
    if k == 'boolean': return 'true' if v else 'false'
    if k == 'number': return numstr(v)
    if k == 'string': return v if top else '"' + v.replace('\\', '\\\\').replace('"', '\\"') + '"'
    if k == 'date': return v.isoformat()
    if k == 'time': return f'{v.hour:02}:{v.minute:02}:{v.second:02}{frac(v.microsecond)}{tzs(v)}'
    if k == 'date and time': return f'{v.year:04}-{v.month:02}-{v.day:02}T' + fstr(v.timetz())
    if k == 'years and months duration':
        n = abs(int(v)); y, m = divmod(n, 12)
        return ('-' if v < 0 else '') + 'P' + ((f'{y}Y' if y else '') + (f'{m}M' if m else '') or '0M')
    if k == 'days and time duration':
        n = abs(v); h, r = divmod(n.seconds, 3600); m, s = divmod(r, 60)
        t = (f'{h}H' if h else '') + (f'{m}M' if m else '') + (f'{s}{frac(n.microseconds)}S' if s or n.microseconds else '')
        return ('-' if v < D.timedelta() else '') + 'P' + ((f'{n.days}D' if n.days else '') + ('T' + t if t else '') or 'T0S')
    if k == 'list': return '[' + ', '.join(fstr(x, False) for x in v) + ']'
    if k == 'context': return '{' + ', '.join((a if re.match(r'[\w ]+\Z', a) else '"' + a.replace('"', '\\"') + '"') + ': ' + fstr(b, False) for a, b in v.items()) + '}'
    if k == 'range':
        if v.lo is None: return f'({"<=" if v.hi_ else "<"}{fstr(v.hi, False)})'
        if v.hi is None: return f'({">=" if v.li else ">"}{fstr(v.lo, False)})'
        return ('[' if v.li else '(') + fstr(v.lo, False) + '..' + fstr(v.hi, False) + (']' if v.hi_ else ')')
    return str(v)
# ---------- arithmetic ----------
def add_months(d, n):
    y, m = divmod(d.year * 12 + d.month - 1 + n, 12); m += 1
    last = (D.date(y + (m == 12), m % 12 + 1, 1) - D.timedelta(1)).day if y < 9999 else 31
    return d.replace(year=y, month=m, day=min(d.day, last))
def arith(op, a, b):
    ka, kb = kind(a), kind(b)
    if ka == kb == 'number':
        a, b = num(a), num(b)
        if op == '+': return CTX.add(a, b)
        if op == '-': return CTX.subtract(a, b)
        if op == '*': return CTX.multiply(a, b)
        if op == '/': return CTX.divide(a, b) if b else None
        return CTX.power(a, b)
    YMK, DTK = 'years and months duration', 'days and time duration'
    if op == '+':
        if ka == kb == 'string':
            if len(a) + len(b) > MAXSTR: raise BudgetError('string too long')
            return a + b
        if kb in ('date', 'date and time', 'time') and ka in (YMK, DTK): a, b, ka, kb = b, a, kb, ka
        if ka == kb == YMK: return YM(int(a) + int(b))
        if ka == kb == DTK: return a + b
        if ka in ('date', 'date and time') and kb == YMK: return add_months(a, int(b))
        if ka == 'date and time' and kb == DTK: return a + b
        if ka == 'date' and kb == DTK: return (D.datetime(a.year, a.month, a.day) + b).date()
        if ka == 'time' and kb == DTK: return (D.datetime.combine(D.date(2000, 1, 2), a.replace(tzinfo=None)) + D.timedelta(seconds=b.seconds, microseconds=b.microseconds)).time().replace(tzinfo=a.tzinfo)
    if op == '-':
        if ka == kb == YMK: return YM(int(a) - int(b))
        if ka == kb == DTK: return a - b
        if ka in ('date', 'date and time', 'time') and kb in (YMK, DTK): return arith('+', a, YM(-int(b)) if kb == YMK else -b)
        if ka in ('date', 'date and time') and kb in ('date', 'date and time'):
            up = lambda x, o: x if isinstance(x, D.datetime) else D.datetime(x.year, x.month, x.day, tzinfo=D.timezone.utc if isinstance(o, D.datetime) and o.tzinfo else None)
            x, y = up(a, b), up(b, a)
            if x.tzinfo and y.tzinfo: x, y = x.astimezone(D.timezone.utc), y.astimezone(D.timezone.utc)
            return x - y
        if ka == kb == 'time' and (a.tzinfo is None) == (b.tzinfo is None): return D.timedelta(seconds=tkey(a) - tkey(b))
    if op == '*':
        if ka == 'number': a, b, ka, kb = b, a, kb, ka
        if ka == YMK and kb == 'number': return YM(int(int(a) * num(b)))
        if ka == DTK and kb == 'number': return D.timedelta(microseconds=int(num(a // D.timedelta(microseconds=1)) * num(b)))
    if op == '/':
        if kb == 'number' and num(b) == 0: return None
        if ka == YMK and kb == 'number': return YM(int(int(a) / num(b)))
        if ka == DTK and kb == 'number': return D.timedelta(microseconds=int(num(a // D.timedelta(microseconds=1)) / num(b)))
        if ka == kb == YMK: return CTX.divide(Decimal(int(a)), Decimal(int(b))) if b else None
        if ka == kb == DTK: u = D.timedelta(microseconds=1); return CTX.divide(Decimal(a // u), Decimal(b // u)) if b else None
    return None
def getprop(v, n):
    if isinstance(v, dict): return v.get(n)
    if isinstance(v, list): return [getprop(x, n) for x in v]
    k = kind(v)
    if k in ('date', 'date and time'):
        if n in ('year', 'month', 'day'): return Decimal(getattr(v, n))
        if n == 'weekday': return Decimal(v.isoweekday())
    if k in ('time', 'date and time'):
        if n in ('hour', 'minute', 'second'): return Decimal(getattr(v, n))
        if n == 'time offset': return toff(v)
        if n == 'timezone': return v.tzinfo.key if isinstance(v.tzinfo, ZoneInfo) else None
    if k == 'years and months duration' and n in ('years', 'months'):
        a = abs(int(v)); r = a // 12 if n == 'years' else a % 12; return Decimal(-r if v < 0 else r)
    if k == 'days and time duration' and n in ('days', 'hours', 'minutes', 'seconds'):
        a = abs(v); r = {'days': a.days, 'hours': a.seconds // 3600, 'minutes': a.seconds // 60 % 60, 'seconds': a.seconds % 60}[n]
        return Decimal(-r if v < D.timedelta() else r)
    if k == 'range':
        return {'start': v.lo, 'end': v.hi, 'start included': v.li, 'end included': v.hi_}.get(n)
    return None
# ---------- parser ----------
NS = r'A-Za-z_\u00B5-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C-\u200D\u2070-\u218F\u2C00-\u2FEF\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\U00010000-\U000EFFFF'
IDENT = re.compile(f'[?{NS}][{NS}0-9\u00B7\u0300-\u036F\u203F-\u2040]*'); NPC = re.compile(f'[{NS}0-9\u00B7\u0300-\u036F\u203F-\u2040]')
WS = re.compile(r'(?:\s|//[^\n]*|/\*.*?\*/)*', re.S); NUM = re.compile(r'(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?')
STR = re.compile(r'"((?:[^"\\]|\\.)*)"', re.S); KEYNAME = re.compile(r'[^:,{}()\[\]"]+?(?=\s*:)'); LOOPVAR = re.compile(r'\s*([^,()\[\]{}"]+?)\s+in\b')
ESC = re.compile(r'\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)', re.S)
KW = {'if', 'then', 'else', 'for', 'return', 'some', 'every', 'satisfies', 'in', 'and', 'or', 'between', 'instance', 'of', 'function', 'true', 'false', 'null'}
MULTI_PROPS = ['time offset', 'start included', 'end included']
def unesc(s):
    def r(m):
        c = m[1]
        if c[0] in 'uU' and len(c) > 1: return chr(int(c[1:], 16))
        return {'n': '\n', 't': '\t', 'r': '\r', '"': '"', "'": "'", '\\': '\\'}.get(c, '\\' + c)
    s = ESC.sub(r, s)
    return s.encode('utf-16', 'surrogatepass').decode('utf-16') if any('\ud800' <= c <= '\udfff' for c in s) else s
def norm(n): return ' '.join(n.split())
class Parser:
    MAXDEPTH = 60
    def __init__(s, text, names=()):
        s.t, s.i, s.depth = text, 0, 0
        s.used, s.bound = set(), {'item', 'partial', '?'}
        s.names = {}
        for n in names: s.addname(n)
        for n in MULTI_BUILTINS: s.addname(n)
        s.ws()
    def addname(s, n):
        n = norm(n); s.bound.add(n)
        if n and not IDENT.fullmatch(n):
            toks = re.findall(rf'[{NS}0-9?\u00B7\u0300-\u036F]+|[^\s]', n)
            s.names.setdefault(n[0], {})[n] = re.compile(r'\s*'.join(map(re.escape, toks)) + (r'(?![' + NS + r'0-9])' if NPC.match(n[-1]) else ''))
    def err(s, m='syntax error'):
        line = s.t.count('\n', 0, s.i) + 1; col = s.i - (s.t.rfind('\n', 0, s.i) + 1) + 1
        raise FeelSyntaxError(f'{m} near {s.t[s.i:s.i+20]!r}', line, col)
    def ws(s): s.i = WS.match(s.t, s.i).end()
    def op(s, *ops):
        for o in ops:
            if s.t.startswith(o, s.i): s.i += len(o); s.ws(); return o
    def need(s, o):
        if not s.op(o): s.err(f'expected {o}')
    def kw(s, k):
        e = s.i + len(k)
        if s.t.startswith(k, s.i) and not (e < len(s.t) and NPC.match(s.t[e])): s.i = e; s.ws(); return True
    def peek(s): return s.t[s.i:s.i + 1]
    def full(s):
        e = s.expr()
        if s.i < len(s.t): s.err()
        return e
    def expr(s):
        s.depth += 1
        if s.depth > s.MAXDEPTH: s.err('nesting too deep')
        try: return s.expr_()
        finally: s.depth -= 1
    def expr_(s):
        t0 = s.i
        if s.t.startswith(('if', 'for', 'some', 'every', 'function'), s.i) and not s.longname(True):
            if s.kw('if'):
                c = s.expr(); s.kw('then') or s.err(); a = s.expr(); s.kw('else') or s.err(); b = s.expr()
                return lambda e: a(e) if c(e) is True else b(e)
            if s.kw('for'):
                its = s.iters(True); s.kw('return') or s.err(); s.addname('partial'); body = s.expr()
                return mk_for(its, body)
            for q in ('some', 'every'):
                if s.kw(q):
                    its = s.iters(False); s.kw('satisfies') or s.err(); body = s.expr()
                    return mk_quant(q, its, body)
            if s.kw('function'):
                if s.peek() == '(': return s.fdef()
                s.i = t0
        return s.disj()
    def iters(s, rng):
        out = []
        while True:
            m = LOOPVAR.match(s.t, s.i) or s.err(); n = norm(m[1]); s.i = m.end(); s.ws(); s.addname(n)
            a = s.expr(); b = None
            if s.op('..'): b = s.expr()
            out.append((n, a, b))
            if not s.op(','): return out
    def fdef(s):
        s.need('('); ps, ts = [], []
        while s.peek() != ')':
            m = re.compile(r'[^:,)]+').match(s.t, s.i) or s.err(); n = norm(m[0]); s.i = m.end(); s.addname(n); ps.append(n); t = None
            if s.op(':'): t = s.type_()
            ts.append(t); s.ws()
            if not s.op(','): break
        s.need(')')
        if s.kw('external'): s.expr(); return lambda e: None
        body = s.expr()
        def mk(e):
            def call(*a):
                e.b.tick()
                if len(a) != len(ps): return None
                for v, t in zip(a, ts):
                    if t and v is not None and not is_type(v, t): return None
                return body(Scope(dict(zip(ps, a)), e))
            return Fn(ps, call)
        return mk
    def disj(s):
        l = s.conj()
        while s.kw('or'): l = (lambda a, b: lambda e: or3_lazy(a, b, e))(l, s.conj())
        return l
    def conj(s):
        l = s.comp()
        while s.kw('and'): l = (lambda a, b: lambda e: and3_lazy(a, b, e))(l, s.comp())
        return l
    def comp(s):
        l = s.add()
        while True:
            o = s.op('<=', '>=', '!=', '=', '<', '>')
            if o: l = (lambda o, a, b: lambda e: cmp(o, a(e), b(e)))(o, l, s.add())
            elif s.kw('between'):
                a = s.add(); s.kw('and') or s.err(); b = s.add()
                l = (lambda x, a, b: lambda e: (lambda v: and3(cmp('>=', v, a(e)), cmp('<=', v, b(e))))(x(e)))(l, a, b)
            elif s.kw('in'): l = (lambda x, t: lambda e: (lambda v: t(e, v))(x(e)))(l, s.intests())
            else: return l
    def intests(s):
        save = s.i
        if s.op('('):
            try:
                ts = [s.utest(True)]
                while s.op(','): ts.append(s.utest(True))
                s.need(')')
                if not s.t.startswith('..', s.i):
                    return lambda e, v: functools.reduce(or3, [t(e, v) for t in ts]) if len(ts) > 1 else ts[0](e, v)
            except FeelSyntaxError: pass
            s.i = save
        return s.utest(True, s.add)
    def utest(s, strict=False, p=None):
        "positive unary test -> f(env, input)"
        o = s.op('<=', '>=', '!=', '<', '>', '=')
        if o:
            b = s.add(); return lambda e, v: cmp(o, v, b(e))
        t0 = s.i; x = (p or s.expr)(); q = '?' in s.t[t0:s.i]
        def f(e, v):
            r = x(Scope({'?': v}, e))
            if isinstance(r, bool) and (q or (not isinstance(v, bool) and not strict)): return r
            if isinstance(r, Range): return in_range(v, r)
            if isinstance(r, list): return in_test(v, r)
            if v is None and r is not None: return False if not strict else eq(v, r)
            return eq(v, r)
        return f
    def unary_tests(s):
        if s.t.strip() == '-': return lambda e, v: True
        save = s.i
        if s.kw('not') and s.op('('):
            try:
                ts = [s.utest()]
                while s.op(','): ts.append(s.utest())
                s.need(')')
                if s.i >= len(s.t):
                    return lambda e, v: (lambda r: None if r is None else not r)(functools.reduce(or3, [t(e, v) for t in ts]))
            except FeelSyntaxError: pass
        s.i = save; ts = [s.utest()]
        while s.op(','): ts.append(s.utest())
        if s.i < len(s.t): s.err()
        return lambda e, v: functools.reduce(or3, [t(e, v) for t in ts]) if len(ts) > 1 else ts[0](e, v)
    def add(s):
        l = s.mul()
        while True:
            if s.peek() in ('+', '-') and s.peek():
                o = s.op('+', '-'); l = mk_arith(o, l, s.mul())
            else: return l
    def mul(s):
        l = s.pow_()
        while s.peek() in ('*', '/') and s.peek() and not s.t.startswith('**', s.i):
            o = s.op('*', '/'); l = mk_arith(o, l, s.pow_())
        return l
    def pow_(s):
        l = s.unary()
        while s.op('**'): l = mk_arith('**', l, s.unary())
        return l
    def unary(s):
        n = 0
        while s.peek() == '-': s.op('-'); n += 1
        x = s.inst()
        if n == 0: return x
        def f(e):
            v = x(e); k = kind(v)
            if k == 'number': return CTX.minus(num(v)) if n % 2 else v
            if k == 'years and months duration': return YM(-int(v))
            if k == 'days and time duration': return -v
            return None
        return f
    def inst(s):
        x = s.postfix()
        save = s.i
        if s.kw('instance'):
            if s.kw('of'):
                t = s.type_(); return lambda e: is_type(x(e), t)
            s.i = save
        return x
    def type_(s):
        for n in ('years and months duration', 'year and month duration', 'days and time duration', 'day and time duration', 'date and time'):
            m = re.compile(n.replace(' ', r'\s+') + r'\b').match(s.t, s.i)
            if m: s.i = m.end(); s.ws(); return n
        for g in ('list', 'range'):
            m = re.compile(g + r'\s*<').match(s.t, s.i)
            if m: s.i = m.end(); s.ws(); t = s.type_(); s.need('>'); return (g, t)
        m = re.compile(r'context\s*<').match(s.t, s.i)
        if m:
            s.i = m.end(); s.ws(); d = {}
            while s.peek() != '>':
                k = KEYNAME.match(s.t, s.i) or s.err(); s.i = k.end(); s.ws(); s.need(':'); d[norm(k[0])] = s.type_()
                if not s.op(','): break
            s.need('>'); return ('context', d)
        m = re.compile(r'function\s*<').match(s.t, s.i)
        if m:
            s.i = m.end(); s.ws(); ps = []
            while s.peek() != '>':
                ps.append(s.type_())
                if not s.op(','): break
            s.need('>'); s.need('->'); return ('function', ps, s.type_())
        m = re.compile(r'[\w.]+').match(s.t, s.i) or s.err(); s.i = m.end(); s.ws(); return m[0]
    def postfix(s):
        x = s.prim()
        while True:
            c = s.peek()
            if c == '.' and not s.t.startswith('..', s.i):
                s.op('.'); n = s.name(); x = (lambda a, n: lambda e: getprop(a(e), n))(x, n)
            elif c == '[':
                save = s.i
                try: s.op('['); f = s.expr(); s.need(']'); x = mk_filter(x, f)
                except FeelSyntaxError: s.i = save; return x
            elif c == '(': x = s.call(x)
            else: return x
    def call(s, x):
        s.need('('); args, named = [], []
        while s.peek() != ')':
            m = KEYNAME.match(s.t, s.i)
            if m and re.match(r'[\w?]', m[0]) and not re.search(r'\b(if|for|some|every|function)\b|[<>=]', m[0]):
                save = s.i; s.i = m.end(); s.ws(); s.need(':'); named.append((norm(m[0]), s.expr()))
            else: args.append(s.expr())
            if not s.op(','): break
        s.need(')')
        if named and args: s.err('mixed args')
        def f(e):
            fn = x(e); e.b.tick()
            return invoke(fn, [a(e) for a in args], {n: a(e) for n, a in named} if named else None, e)
        return f
    def longname(s, test=False):
        best = None
        for n, r in s.names.get(s.peek(), {}).items():
            m = r.match(s.t, s.i)
            if m and (best is None or m.end() > best[1]): best = (n, m.end())
        if best and not test:
            m = IDENT.match(s.t, s.i)
            if m and m.end() > best[1]: return None
            s.i = best[1]; s.ws()
        return best and best[0]
    def name(s):
        n = s.longname()
        if n: return n
        m = IDENT.match(s.t, s.i) or s.err('name expected'); s.i = m.end(); n = s.more(m[0]); s.ws(); return n
    def prim(s):
        c = s.peek()
        if not c: s.err('unexpected end')
        if c.isdigit() or (c == '.' and s.t[s.i + 1:s.i + 2].isdigit()):
            m = NUM.match(s.t, s.i); s.i = m.end(); s.ws(); v = CTX.create_decimal(m[0]); return lambda e: v
        if c == '"':
            m = STR.match(s.t, s.i) or s.err(); s.i = m.end(); s.ws(); v = unesc(m[1]); return lambda e: v
        if c == '@':
            s.op('@'); m = STR.match(s.t, s.i) or s.err(); s.i = m.end(); s.ws(); v = p_at(unesc(m[1])); return lambda e: v
        if c == '{': return s.ctx()
        if c == '[' or c == ']' or c == '(':
            s.i += 1; s.ws()
            if c == '[' and s.op(']'): return lambda e: []
            if c == '(':
                o = s.op('<=', '>=', '<', '>', '=', '!=')
                if o:
                    b = s.add(); s.need(')')
                    if o == '=': return lambda e: (lambda v: Range(v, v, True, True))(b(e))
                    return lambda e: Range(None, b(e), False, o == '<=') if o[0] == '<' else Range(b(e), None, o == '>=', False)
            x = s.expr()
            if s.op('..'):
                y = s.expr(); z = s.op(']', ')', '[') or s.err()
                def mkr(e):
                    a, b = x(e), y(e)
                    if a is None and b is None or (a is not None and b is not None and lt(a, b) is None): return None
                    if a is not None and b is not None and lt(b, a): return None
                    return Range(a, b, c == '[' and a is not None, z == ']' and b is not None)
                return mkr
            if c == '(': s.need(')'); return x
            if c == ']': s.err()
            xs = [x]
            while s.op(','): xs.append(s.expr())
            s.need(']')
            return lambda e: [a(e) for a in xs]
        if c in '<>' :
            o = s.op('<=', '>=', '<', '>'); b = s.add()
            return lambda e: Range(None, b(e), False, o == '<=') if o[0] == '<' else Range(b(e), None, o == '>=', False)
        n = s.longname()
        if n is None:
            m = IDENT.match(s.t, s.i) or s.err(); n = m[0]
            if n in ('true', 'false', 'null'):
                s.i = m.end(); s.ws(); v = {'true': True, 'false': False, 'null': None}[n]; return lambda e: v
            if n in KW - {'function', 'of', 'in'} or n in ('in',): s.err('unexpected keyword')
            s.i = m.end(); n = s.more(n); s.ws()
        s.used.add(n)
        return lambda e: e.get(n)
    def more(s, n):
        "joins words that can only be one name: unknown names with spaces"
        while True:
            save = s.i; s.ws(); m = IDENT.match(s.t, s.i)
            if m is None or save == s.i or (m[0] in KW | {'instance'} and m[0] not in ('of', 'function')):
                if m and m[0] in ('between', 'in', 'of') and ' ' in n:
                    k = m.end()
                    if re.match(r'\s*\(', s.t[k:]) and s.t[k:k + 1] == '(': s.i = k; return n + ' ' + m[0]
                s.i = save; return n
            n += ' ' + m[0]; s.i = m.end()
    def ctx(s):
        s.need('{'); items = []
        while s.peek() != '}':
            if s.peek() == '"': m = STR.match(s.t, s.i) or s.err(); k = unesc(m[1])
            else: m = KEYNAME.match(s.t, s.i) or s.err(); k = norm(m[0])
            s.i = m.end(); s.ws(); s.need(':'); s.addname(k); items.append((k, s.expr()))
            if not s.op(','): break
        s.need('}')
        if len({k for k, _ in items}) != len(items): return lambda e: None
        def f(e):
            d = {}; sc = Scope(d, e)
            for k, x in items: d[k] = x(sc)
            return d
        return f
def or3_lazy(a, b, e):
    x = a(e); return True if x is True else or3(x, b(e))
def and3_lazy(a, b, e):
    x = a(e); return False if x is False else and3(x, b(e))
def mk_arith(o, a, b):
    def f(e):
        try: return arith(o, a(e), b(e))
        except (decimal.DecimalException, OverflowError, ValueError, TypeError): return None
    return f
def iter_vals(a, b, e):
    v = a(e)
    if b is None:
        if isinstance(v, Range):
            if v.lo is None or v.hi is None: return None
            lo, hi = v.lo, v.hi
            if kind(lo) == 'number':
                lo = lo if v.li else lo + 1; hi = hi if v.hi_ else hi - 1
                return step(lo, hi, e) if lo <= hi else []
            if kind(lo) == 'date':
                lo = lo if v.li else lo + D.timedelta(1); hi = hi if v.hi_ else hi - D.timedelta(1)
                return step(lo, hi, e) if lo <= hi else []
            return None
        return v if isinstance(v, list) else None if v is None else [v]
    w = b(e)
    if kind(v) == kind(w) and kind(v) in ('number', 'date'): return step(v, w, e)
    return None
def step(a, b, e):
    d = 1 if isinstance(a, (int, Decimal)) else D.timedelta(1)
    out = []
    up = a <= b
    while (a <= b if up else a >= b):
        e.b.tick(); out.append(a); a = a + d if up else a - d
    return out
def mk_for(its, body):
    def f(e):
        res = []
        def go(i, sc):
            if i == len(its): e.b.tick(); res.append(body(Scope({'partial': list(res) if uses else res}, sc))); return True
            n, a, b = its[i]; vs = iter_vals(a, b, sc)
            if vs is None: return False
            for v in vs:
                if not go(i + 1, Scope({n: v}, sc)): return False
            return True
        return res if go(0, e) else None
    uses = False
    return f
def mk_quant(q, its, body):
    def f(e):
        acc = q == 'every'
        def go(i, sc):
            if i == len(its): e.b.tick(); return body(sc)
            n, a, b = its[i]; vs = iter_vals(a, b, sc)
            if vs is None: return None
            rs = [go(i + 1, Scope({n: v}, sc)) for v in vs]
            rs = [r if isinstance(r, bool) else None for r in rs]
            return functools.reduce(and3 if q == 'every' else or3, rs, acc)
        return go(0, e)
    return f
def mk_filter(x, f):
    def g(e):
        v = x(e)
        if v is None: v = []
        lst = v if isinstance(v, list) else [v]
        try: n = f(Scope({'item': lst[0] if lst else None}, e)) if not lst else None
        except Exception: n = None
        out, idx = [], None
        for it in lst:
            e.b.tick(); d = {'item': it}
            if isinstance(it, dict): d = {**d, **it}
            r = f(Scope(d, e))
            if kind(r) == 'number': idx = r; break
            if r is True: out.append(it)
        if idx is not None:
            if idx != idx.to_integral_value(): return None
            i = int(idx)
            if 1 <= i <= len(lst): return lst[i - 1]
            if -len(lst) <= i <= -1: return lst[i]
            return None
        if n is not None and kind(n) == 'number': return None
        return out
    return g
def is_type(v, t):
    if isinstance(t, tuple):
        if t[0] == 'list': return isinstance(v, list) and all(is_type(x, t[1]) for x in v)
        if t[0] == 'range': return isinstance(v, Range) and all(x is None or is_type(x, t[1]) for x in (v.lo, v.hi))
        if t[0] == 'context': return isinstance(v, dict) and all(k in v and (v[k] is None or is_type(v[k], tt)) for k, tt in t[1].items())
        if t[0] == 'function': return isinstance(v, Fn) and len(v.params) == len(t[1])
    if v is None: return t == 'Null' or t == 'null'
    if t == 'Any' or t == 'any': return True
    k = kind(v)
    return k == t or (k, t) in (('years and months duration', 'year and month duration'), ('days and time duration', 'day and time duration'), ('years and months duration', 'yearMonthDuration'), ('days and time duration', 'dayTimeDuration'), ('date and time', 'dateTime'))
def invoke(fn, args, named, e):
    if isinstance(fn, B): return fn(args, named, e)
    if not isinstance(fn, Fn): return None
    if named is not None:
        if set(named) != set(fn.params): return None
        args = [named[p] for p in fn.params]
    try: return fn.call(*args)
    except (BudgetError, FeelError, RecursionError): raise
    except Exception: return None
# ---------- builtins ----------
def clock():
    c = getattr(_T, 'clock', None)
    return c() if c else D.datetime.now(D.timezone.utc)
BUILTINS = {}
class B(Fn):
    def __init__(s, sigs, f): s.sigs, s.f, s.params = sigs, f, sigs[0]
    def __call__(s, args, named, e):
        try:
            if named is not None:
                for sig in s.sigs:
                    req = [p.rstrip('?') for p in sig]
                    if set(named) <= set(req) and all(p.endswith('?') or p in named for p in sig):
                        args = [named.get(p) for p in req]
                        while args and req[len(args) - 1] not in named: args.pop()
                        break
                else: return None
            charge(args)
            r = s.f(*args)
            if isinstance(r, (str, list)): charge(r if isinstance(r, str) else r[:0]); e.b.tick(len(r) // 8)
            return r
        except (BudgetError, FeelError, RecursionError): raise
        except Exception: return None
def fn(name, *sigs):
    def deco(f): BUILTINS[name] = B([[p.strip() for p in x.split(',')] if x else [] for x in sigs] or [[]], f); return f
    return deco
def S(*xs):
    for x in xs:
        if not isinstance(x, str): raise TypeError
def L(x):
    if isinstance(x, list): return x
    if x is None: raise TypeError
    return [x]
def I(x):
    x = num(x)
    return int(x)
def simple(names, sig, f):
    for n in names.split('|'): fn(n, sig)(f)
def _number(s, g='', d=''):
    if kind(s) == 'number' and not g and not d: return s
    S(s)
    nargs = (g, d)
    if g == '' and d == '': return CTX.create_decimal(s) if re.fullmatch(r'-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?', s) else None
    if g not in (None, ' ', ',', '.') or d not in (None, '.', ',') or (g is not None and g == d): return None
    if g: s = s.replace(g, '')
    if d: s = s.replace(d, '.')
    return CTX.create_decimal(s) if re.fullmatch(r'-?(\d+(\.\d*)?|\.\d+)', s) else None
fn('number', 'from,grouping separator?,decimal separator?')(_number)
@fn('string', 'from')
def _(v): return None if v is None else fstr(v)
@fn('date', 'from', 'year,month,day')
def _(a, *r):
    if r: return D.date(I(a), I(r[0]), I(r[1]))
    if isinstance(a, str): return p_date(a)
    if isinstance(a, D.datetime): return a.date()
    return a if isinstance(a, D.date) else None
@fn('time', 'from', 'hour,minute,second,offset?')
def _(a, *r):
    if r:
        if len(r) < 2: return None
        s = num(r[1]); off = r[2] if len(r) > 2 else None
        if off is not None and not isinstance(off, D.timedelta): return None
        return D.time(I(a), I(r[0]), int(s), int((s - int(s)) * 1000000), D.timezone(off) if off is not None else None)
    if isinstance(a, str): return p_time(a[1:] if a.startswith('T') and False else a)
    if isinstance(a, D.datetime): return a.timetz()
    if isinstance(a, D.date): return D.time(0, 0, 0, 0, D.timezone.utc)
    return a if isinstance(a, D.time) else None
@fn('date and time', 'from', 'date,time')
def _(a, *b):
    if b:
        if not isinstance(b[0], D.time) or not isinstance(a, D.date): return None
        return D.datetime.combine(a.date() if isinstance(a, D.datetime) else a, b[0])
    if isinstance(a, str): return p_dt(a)
    if isinstance(a, D.datetime): return a
    return D.datetime(a.year, a.month, a.day) if isinstance(a, D.date) else None
@fn('duration', 'from')
def _(a): return a if isinstance(a, (YM, D.timedelta)) else p_dur(a)
@fn('years and months duration', 'from,to')
def _(a, b):
    neg = (b.year, b.month, b.day) < (a.year, a.month, a.day)
    if neg: a, b = b, a
    m = (b.year - a.year) * 12 + b.month - a.month - (1 if b.day < a.day else 0)
    return YM(-m if neg else m)
@fn('now')
def _(): return clock()
@fn('today')
def _(): return clock().date()
@fn('not', 'negand')
def _(x): return (not x) if isinstance(x, bool) else None
@fn('substring', 'string,start position,length?')
def _(s, st, ln=None):
    S(s); st = I(st)
    if st == 0 or abs(st) > len(s): return None
    i = st - 1 if st > 0 else len(s) + st
    if ln is not None and I(ln) < 1: return None
    return s[i:] if ln is None else s[i:i + I(ln)]
@fn('string length', 'string')
def _(s): S(s); return Decimal(len(s))
simple('upper case', 'string', lambda s: (S(s), s.upper())[1]); simple('lower case', 'string', lambda s: (S(s), s.lower())[1])
simple('trim', 'string', lambda s: (S(s), s.strip())[1])
simple('substring before', 'string,match', lambda s, m: (S(s, m), s.split(m, 1)[0] if m and m in s else '')[1])
simple('substring after', 'string,match', lambda s, m: (S(s, m), s.split(m, 1)[1] if m and m in s else (s if m == '' else ''))[1])
try:
    import re2
    def rxc(p, f):
        fl = ''.join(c for c, b in (('s', re.S), ('m', re.M), ('i', re.I)) if f & b)
        return re2.compile((f'(?{fl})' if fl else '') + p.replace(r'\Z', r'\z'))
except ImportError:
    def rxc(p, f): raise ValueError('google-re2 missing')
def rx(p, fl=None):
    f = 0
    for c in fl or '':
        if c not in 'smixq': raise ValueError
        f |= {'s': re.S, 'm': re.M, 'i': re.I, 'x': 0, 'q': 0}[c]
    if fl and 'q' in fl: return rxc(re.escape(p), f)
    if fl and 'x' in fl: p = re.sub(r'\s+(?![^\[]*\])', '', p)
    p = re.sub(r'\\p\{L[ul]?\}', 'a-zA-Z' if False else r'[^\\W\\d_]', p).replace('\\i', '[A-Za-z_:]').replace('\\c', r'[\w.:-]')
    if re.search(r'\(\?[<P]', p) or re.search(r'\\[bBAZz]', p): raise ValueError
    p = re.sub(r'(\[[^\]]*)-\[([^\]]+)\]\]', lambda m: f'(?![{m[2]}]){m[1]}]', p)
    p = re.sub(r'(?<!\\)\$', r'\\Z', p) if not f & re.M else p
    return rxc(p, f)
@fn('replace', 'input,pattern,replacement,flags?')
def _(s, p, r, fl=None):
    S(s, p, r); x = rx(p, fl)
    if x.search(''): return None
    if re.search(r'(?<!\\)\$(?!\d)', r) or re.search(r'\\(?![\\$])', r): return None
    if fl and 'q' in fl: return x.sub(lambda m: r, s)
    g = x.groups
    return x.sub(lambda m: re.sub(r'\\([\\$])|\$(\d)', lambda k: k[1] or ((m.group(int(k[2])) or '') if int(k[2]) <= g else ''), r), s)
simple('contains', 'string,match', lambda s, m: (S(s, m), m in s)[1]); simple('starts with', 'string,match', lambda s, m: (S(s, m), s.startswith(m))[1]); simple('ends with', 'string,match', lambda s, m: (S(s, m), s.endswith(m))[1])
@fn('matches', 'input,pattern,flags?')
def _(s, p, fl=None): S(s, p); return rx(p, fl).search(s) is not None
@fn('split', 'string,delimiter')
def _(s, d):
    S(s, d); return rx(d).split(s)
@fn('string join', 'list,delimiter?')
def _(l, d=''):
    l = [x for x in L(l) if x is not None]; S(*l); return (d or '').join(l)
simple('list contains', 'list,element', lambda l, x: any(eq(a, x) is True for a in L(l)))
simple('count', 'list', lambda l: Decimal(len(L(l))))
def va(a):
    if len(a) == 0: raise TypeError
    return a[0] if len(a) == 1 and isinstance(a[0], list) else L(a[0]) if len(a) == 1 else list(a)
def ext(a, f):
    l = va(a)
    if not l: return None
    r = l[0]
    if len(l) == 1 and lt(r, r) is None: return None
    for x in l[1:]:
        c = f(x, r)
        if c is None: return None
        if c: r = x
    return r
simple('min', 'list', lambda *a: ext(a, lt)); simple('max', 'list', lambda *a: ext(a, lambda x, y: lt(y, x)))
def _sum(*a):
    l = va(a)
    if not l: return None
    r = l[0] if kind(l[0]) in ('number', 'years and months duration', 'days and time duration') else num(l[0])
    for x in l[1:]:
        r = arith('+', r, x)
        if r is None: return None
    return r
simple('sum', 'list', _sum)
@fn('mean', 'list')
def _(*a):
    l = [num(x) for x in va(a)]; return CTX.divide(sum(l), Decimal(len(l))) if l else None
def allany(z):
    def f(*a):
        l = va(a) if a else None
        if any(x is not None and not isinstance(x, bool) for x in l): return None
        return functools.reduce(and3 if z else or3, l, z)
    return f
simple('all', 'list', allany(True)); simple('any', 'list', allany(False))
@fn('sublist', 'list,start position,length?')
def _(l, st, ln=None):
    l = L(l); st = I(st)
    if st == 0 or abs(st) > len(l): return None
    i = st - 1 if st > 0 else len(l) + st
    if ln is not None and (I(ln) < 1 or i + I(ln) > len(l)): return None
    return l[i:] if ln is None else l[i:i + I(ln)]
simple('append', 'list,item', lambda l, *x: L(l) + list(x))
simple('concatenate', 'list', lambda *ls: sum((L(x) for x in ls), []))
@fn('insert before', 'list,position,newItem')
def _(l, p, x):
    l = L(l); p = I(p)
    if p == 0 or abs(p) > len(l): return None
    i = p - 1 if p > 0 else len(l) + p
    return l[:i] + [x] + l[i:]
@fn('remove', 'list,position')
def _(l, p):
    l = L(l); p = I(p)
    if p == 0 or abs(p) > len(l): return None
    i = p - 1 if p > 0 else len(l) + p
    return l[:i] + l[i + 1:]
@fn('list replace', 'list,position,newItem', 'list,match,newItem')
def _(l, p, x):
    l = L(l)
    if isinstance(p, Fn):
        r = []
        if len(p.params) != 2: return None
        for it in l:
            c = p.call(it, x)
            if not isinstance(c, bool): return None
            r.append(x if c else it)
        return r
    p = I(p)
    if p == 0 or abs(p) > len(l): return None
    i = p - 1 if p > 0 else len(l) + p
    return l[:i] + [x] + l[i + 1:]
simple('reverse', 'list', lambda l: L(l)[::-1]); simple('index of', 'list,match', lambda l, m: [Decimal(i + 1) for i, x in enumerate(L(l)) if eq(x, m) is True])
def distinct(l):
    r = []
    b = getattr(_T, 'b', None)
    for x in l:
        if b: b.tick(1 + len(r) // 4)
        if not any(eq(x, y) is True for y in r): r.append(x)
    return r
simple('union', 'list', lambda *ls: distinct(sum((L(x) for x in ls), []))); simple('distinct values', 'list', lambda l: distinct(L(l)))
def flat(l): return [y for x in l for y in (flat(x) if isinstance(x, list) else [x])]
simple('flatten', 'list', lambda l: flat(L(l)))
@fn('product', 'list')
def _(*a):
    l = va(a); return functools.reduce(lambda x, y: CTX.multiply(x, y), map(num, l)) if l else None
@fn('median', 'list')
def _(*a):
    l = sorted(map(num, va(a))); n = len(l)
    return None if not n else l[n // 2] if n % 2 else CTX.divide(l[n // 2 - 1] + l[n // 2], Decimal(2))
@fn('stddev', 'list')
def _(*a):
    l = [num(x) for x in va(a)]
    if len(l) < 2: return None
    m = CTX.divide(sum(l), Decimal(len(l))); return CTX.sqrt(CTX.divide(sum((x - m) * (x - m) for x in l), Decimal(len(l) - 1)))
@fn('mode', 'list')
def _(*a):
    l = [num(x) for x in va(a)]
    if not l: return []
    c = {}
    for x in l: c[x] = c.get(x, 0) + 1
    return sorted(k for k, v in c.items() if v == max(c.values()))
def rnd(mode):
    def f(n, *sc):
        s = I(sc[0]) if sc else 0
        if not -6111 <= s <= 6176: return None
        return num(n).quantize(Decimal(1).scaleb(-s), mode, decimal.Context(prec=6200, Emax=10000, Emin=-10000)) + 0
    return f
for n_, m_ in (('decimal', decimal.ROUND_HALF_EVEN), ('floor', decimal.ROUND_FLOOR), ('ceiling', decimal.ROUND_CEILING), ('round up', decimal.ROUND_UP), ('round down', decimal.ROUND_DOWN), ('round half up', decimal.ROUND_HALF_UP), ('round half down', decimal.ROUND_HALF_DOWN)):
    fn(n_, 'n,scale?' if n_ in ('floor', 'ceiling') else 'n,scale')(rnd(m_) if n_ in ('floor', 'ceiling') else (lambda g: lambda n, s: g(n, s))(rnd(m_)))
@fn('abs', 'n')
def _(n): return abs(num(n)) if kind(n) == 'number' else YM(abs(int(n))) if isinstance(n, YM) else abs(n) if isinstance(n, D.timedelta) else None
@fn('modulo', 'dividend,divisor')
def _(a, b):
    a, b = num(a), num(b)
    return CTX.subtract(a, CTX.multiply(b, (CTX.divide(a, b)).to_integral_value(decimal.ROUND_FLOOR))) if b else None
simple('sqrt', 'number', lambda n: CTX.sqrt(num(n)) if num(n) >= 0 else None); simple('log', 'number', lambda n: Decimal(repr(math.log(num(n))))); simple('exp', 'number', lambda n: Decimal(repr(math.exp(num(n)))))
simple('odd', 'number', lambda n: abs(num(n)) % 2 == 1 if num(n) == int(num(n)) else None); simple('even', 'number', lambda n: num(n) % 2 == 0 if num(n) == int(num(n)) else None)
@fn('is', 'value1,value2')
def _(a, b):
    if kind(a) != kind(b): return False
    if kind(a) in ('time', 'date and time'): return a.replace(tzinfo=None) == b.replace(tzinfo=None) and (a.tzinfo is None) == (b.tzinfo is None) and toff(a) == toff(b)
    return eq(a, b) is True
# range functions: points become [p..p]
def R(x):
    if isinstance(x, Range): return x
    if lt(x, x) is None: raise TypeError
    return Range(x, x, True, True)
def isr(x): return isinstance(x, Range)
def _before(a, b): a, b = R(a), R(b); return or3(lt(a.hi, b.lo), eq(a.hi, b.lo) and not (a.hi_ and b.li)) if kind(a.hi) == kind(b.lo) else None
def rdef(name, sig, f): fn(name, *sig)(f)
def rr(f):
    def g(a, b):
        if not (isr(a) and isr(b)) or kind(a.lo if a.lo is not None else a.hi) != kind(b.lo if b.lo is not None else b.hi): return None
        return f(a, b)
    return g
PP = ['point1,point2', 'point,range', 'range,point', 'range1,range2']
rdef('before', PP, _before); rdef('after', PP, lambda a, b: _before(b, a))
rdef('meets', ['range1,range2'], rr(lambda a, b: a.hi_ and b.li and eq(a.hi, b.lo) is True)); rdef('met by', ['range1,range2'], rr(lambda a, b: a.li and b.hi_ and eq(a.lo, b.hi) is True))
rdef('overlaps', ['range1,range2'], rr(lambda a, b: not _before(a, b) and not _before(b, a)))
def lecmp(a, b): # start of a <= start of b
    return lt(a.lo, b.lo) or (eq(a.lo, b.lo) is True and (a.li or not b.li))
def gecmp(a, b): return lt(b.hi, a.hi) or (eq(a.hi, b.hi) is True and (a.hi_ or not b.hi_))
def sl(a, b): return lt(a.lo, b.lo) or (eq(a.lo, b.lo) is True and a.li and not b.li)
def el(a, b): return lt(a.hi, b.hi) or (eq(a.hi, b.hi) is True and b.hi_ and not a.hi_)
rdef('overlaps before', ['range1,range2'], rr(lambda a, b: bool(sl(a, b)) and not _before(a, b) and bool(el(a, b) or (eq(a.hi, b.hi) is True and a.hi_ == b.hi_)) ))
rdef('overlaps after', ['range1,range2'], rr(lambda a, b: bool(el(b, a)) and not _before(b, a) and bool(sl(b, a) or (eq(a.lo, b.lo) is True and a.li == b.li))))
def _incl(r, x):
    if not isr(r): return None
    if isr(x): return rr(lambda a, b: bool(lecmp(a, b) and gecmp(a, b)))(r, x)
    return in_range(x, r)
rdef('includes', ['range,point', 'range1,range2'], _incl); rdef('during', ['point,range', 'range1,range2'], lambda a, b: _incl(b, a))
def _fin(a, b):
    if not isr(b): return None
    if isr(a): return rr(lambda a, b: eq(a.hi, b.hi) is True and a.hi_ == b.hi_ and bool(lecmp(b, a)))(a, b)
    return b.hi_ and eq(a, b.hi) if kind(a) == kind(b.hi) else None
rdef('finishes', ['point,range', 'range1,range2'], _fin); rdef('finished by', ['range,point', 'range1,range2'], lambda a, b: _fin(b, a))
def _sta(a, b):
    if not isr(b): return None
    if isr(a): return rr(lambda a, b: eq(a.lo, b.lo) is True and a.li == b.li and bool(gecmp(b, a)))(a, b)
    return b.li and eq(a, b.lo) if kind(a) == kind(b.lo) else None
rdef('starts', ['point,range', 'range1,range2'], _sta); rdef('started by', ['range,point', 'range1,range2'], lambda a, b: _sta(b, a))
rdef('coincides', ['point1,point2', 'range1,range2'], lambda a, b: rr(lambda a, b: a == b)(a, b) if isr(a) or isr(b) else eq(a, b))
simple('day of year', 'date', lambda d: Decimal(d.timetuple().tm_yday)); simple('week of year', 'date', lambda d: Decimal(d.isocalendar()[1]))
simple('day of week', 'date', lambda d: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'][d.weekday()])
simple('month of year', 'date', lambda d: ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'][d.month - 1])
@fn('sort', 'list,precedes?')
def _(l, f=None):
    if f is not None and (not isinstance(f, Fn) or len(f.params) != 2): return None
    c = (lambda a, b: -1 if f.call(a, b) is True else 1) if f else (lambda a, b: -1 if lt(a, b) else 1)
    return sorted(L(l), key=functools.cmp_to_key(c))
@fn('get value', 'm,key', 'context,key', 'm,keys')
def _(m, k):
    if not isinstance(m, dict): return None
    if isinstance(k, list):
        for x in k: m = m.get(x) if isinstance(m, dict) else None
        return m if k else None
    return m.get(k)
simple('get entries', 'm', lambda m: [{'key': k, 'value': v} for k, v in m.items()])
@fn('context', 'entries')
def _(l):
    r = {}
    for x in L(l):
        if not isinstance(x['key'], str) or x['key'] in r: return None
        r[x['key']] = x['value']
    return r
@fn('context put', 'context,key,value', 'context,keys,value')
def _(c, k, v):
    if not isinstance(c, dict): return None
    if isinstance(k, list):
        if not k: return None
        S(k[0])
        if len(k) == 1: return {**c, k[0]: v}
        return {**c, k[0]: BUILTINS['context put'].f(c.get(k[0], {}), k[1:], v)} if isinstance(c.get(k[0], {}), dict) else None
    S(k); return {**c, k: v}
@fn('context merge', 'contexts')
def _(l): r = {}; [r.update(x) for x in L(l)]; return r
@fn('range', 'from')
def _(s):
    S(s)
    m = re.match(r'\s*([\[(\]])(.*?)\.\.(.*?)([\])\[])\s*\Z', s, re.S)
    if not m: return None
    def ep(t):
        t = t.strip()
        if not t: return None
        if not re.match(r'(-?[\d.]+|"[^"]*"|@".*"|(date|time|date and time|duration)\(".*"\))\Z', t): raise ValueError
        return Parser(t).full()(Scope({}))
    a, b = ep(m[2]), ep(m[3])
    if (a is None and b is None) or (a is None and m[1] == '[') or (b is None and m[4] == ']'): return None
    if a is not None and b is not None and (lt(a, b) is None or lt(b, a)): return None
    return Range(a, b, m[1] == '[', m[4] == ']')
MULTI_BUILTINS = [n for n in BUILTINS if ' ' in n] + MULTI_PROPS
# ---------- API ----------
def keys_of(v, out, depth=0):
    if isinstance(v, dict):
        for k, x in v.items():
            if isinstance(k, str) and not IDENT.fullmatch(k): out.add(k)
            if depth < 6: keys_of(x, out, depth + 1)
    elif isinstance(v, list):
        for x in v[:50]: keys_of(x, out, depth + 1)
    return out
