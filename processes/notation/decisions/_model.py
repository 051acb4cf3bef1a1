# ruff: noqa
# mypy: ignore-errors
import functools
from processes.notation.feel import _core as M
from processes.notation.feel._core import Decimal, Fn, Range, YM, norm
XSI = '{http://www.w3.org/2001/XMLSchema-instance}'
def tag(e): return e.tag.rsplit('}', 1)[-1] if isinstance(e.tag, str) else ''
def ch(e, *names): return [c for c in e if tag(c) in names]
def c1(e, *names): r = ch(e, *names); return r[0] if r else None
def txt(e): t = c1(e, 'text'); return (t.text or '') if t is not None else ''
EXPR = ('literalExpression', 'decisionTable', 'context', 'invocation', 'list', 'relation', 'functionDefinition', 'conditional', 'filter', 'for', 'some', 'every')
class HitPolicyError(Exception):
    def __init__(self, text, rows=()): super().__init__(text); self.rows = rows
# ------------ decision table with standard hit policies: the part reusable for the product ----------
AGG = {'SUM': lambda l: M._sum(l), 'MIN': lambda l: M.ext([l], M.lt), 'MAX': lambda l: M.ext([l], lambda x, y: M.lt(y, x)), 'COUNT': lambda l: Decimal(len(l))}
def hit(policy, agg, hits, onames, prio, defaults, rows=()):
    """hits: list of output tuples in rule order; prio: per output list of allowed values"""
    one = lambda h: h[0] if len(onames) == 1 else dict(zip(onames, h))
    if policy == 'COLLECT' and agg: 
        v = [h[0] for h in hits]
        if not v: return Decimal(0) if agg == 'COUNT' else (one(defaults) if defaults else None)
        return AGG[agg](M.distinct(v) if agg == 'COUNT' and False else v)
    if not hits: return one(defaults) if defaults and any(d is not None for d in defaults) else ([] if policy in ('COLLECT', 'RULE ORDER', 'OUTPUT ORDER') and False else None)
    def key(h):
        return [next((i for i, p in enumerate(pl) if M.eq(p, v) is True), len(pl)) if pl else 0 for v, pl in zip(h, prio)]
    if policy == 'UNIQUE':
        if len(hits) > 1: raise HitPolicyError('UNIQUE', rows)
        return one(hits[0])
    if policy == 'ANY':
        if any(M.eq(list(h), list(hits[0])) is not True for h in hits): raise HitPolicyError('ANY', rows)
        return one(hits[0])
    if policy == 'FIRST': return one(hits[0])
    if policy == 'PRIORITY': return one(min(hits, key=key))
    if policy == 'OUTPUT ORDER': return [one(h) for h in sorted(hits, key=key)]
    return [one(h) for h in hits]  # RULE ORDER, COLLECT
class Model:
    cache = {}
    strict = True
    def __init__(self, root, be, resolve=None):
        self.be, self.root = be, root
        r = self.root; self.ns = r.get('namespace'); self.ids, self.byname = {}, {}
        for e in r.iter():
            if e.get('id'): self.ids[e.get('id')] = e
        for e in ch(r, 'decision', 'inputData', 'businessKnowledgeModel', 'decisionService'): self.byname[norm(e.get('name'))] = e
        self.types = {norm(e.get('name')): e for e in ch(r, 'itemDefinition')}
        self.imports = {}
        for i in ch(r, 'import'):
            im = resolve and resolve(i.get('namespace'))
            if im is not None: self.imports[i.get('namespace')] = (i.get('name'), im)
    # --- types
    def conv(self, v, t, e=None):
        "implicit conversions + conformance; returns value or None"
        if not t: return v
        t = norm(t).split(':')[-1]
        if v is None: return None
        if self.ok(v, t): return v
        if isinstance(v, list) and len(v) == 1 and self.ok(v[0], t): return v[0]
        if self.ok([v], t): return [v]
        if M.kind(v) == 'date' and t in ('date and time', 'dateTime'): return M.D.datetime(v.year, v.month, v.day, tzinfo=M.D.timezone.utc)
        return None
    BASIC = {'string', 'number', 'boolean', 'date', 'time', 'dateTime', 'date and time', 'yearMonthDuration', 'dayTimeDuration', 'years and months duration', 'days and time duration', 'Any', 'context', 'list'}
    def ok(self, v, t):
        if t is None or v is None: return True
        t = norm(t)
        m = self
        if t not in self.BASIC and t not in self.types:
            for n, (nm, im) in self.imports.items():
                if t.startswith(nm + '.'): return im.ok(v, t[len(nm) + 1:])
            t2 = t.split(':')[-1]
            if t2 == t: return True
            t = t2
        if t in self.BASIC and t not in self.types:
            return M.is_type(v, t) if t not in ('context', 'list') else isinstance(v, dict if t == 'context' else list)
        if t not in self.types: return True
        return self.okd(v, self.types[t])
    def okd(self, v, d):
        if v is None: return True
        if d.get('isCollection') == 'true':
            return isinstance(v, list) and all(self.oki(x, d) for x in v) and self.tc(v, d)
        return self.oki(v, d) and self.tc(v, d)
    def tc(self, v, d): return True
    def oki(self, v, d):
        if v is None: return True
        comps = ch(d, 'itemComponent')
        if c1(d, 'functionItem') is not None: return isinstance(v, Fn)
        if comps: return isinstance(v, dict) and all(norm(c.get('name')) in v and self.okd(v[norm(c.get('name'))], c) for c in comps)
        r = c1(d, 'typeRef')
        if r is not None and r.text and not self.ok(v, r.text.strip()): return False
        av = c1(d, 'allowedValues')
        if av is not None and txt(av).strip():
            try: return self.be.unary(txt(av).strip(), v, {}) is not False
            except Exception: return True
        return True
    # --- evaluation
    def deps(self, e, inputs, ctx=None):
        ctx = dict(inputs) if ctx is None else ctx
        for req in ch(e, 'informationRequirement', 'knowledgeRequirement'):
            for q in ch(req, 'requiredDecision', 'requiredInput', 'requiredKnowledge'):
                href = q.get('href'); ns, _, i = href.rpartition('#')
                if ns and ns in self.imports:
                    nm, im = self.imports[ns]; d = im.ids.get(i); v = im.value(d, inputs.get(nm, {}) if isinstance(inputs.get(nm), dict) else inputs)
                    ctx.setdefault(nm, {})[norm(d.get('name'))] = v
                else:
                    d = self.ids.get(i)
                    if d is None: continue
                    ctx[norm(d.get('name'))] = self.value(d, inputs)
        return ctx
    def value(self, d, inputs):
        n, k = norm(d.get('name')), tag(d)
        var = c1(d, 'variable'); t = var.get('typeRef') if var is not None else None
        if n in inputs and k == 'inputData':
            return self.conv(inputs[n], t)
        if k == 'inputData': return None
        if k == 'decision':
            memo = self.memo
            if n in memo: return memo[n]
            x = c1(d, *EXPR); ctx = self.deps(d, inputs); self.current = d
            try: v = self.conv(self.ev(x, ctx) if x is not None else None, t)
            except HitPolicyError:
                if getattr(self, 'strict', False): raise
                v = None
            memo[n] = v; return v
        if k == 'businessKnowledgeModel':
            ctx = self.deps(d, inputs); el = c1(d, 'encapsulatedLogic')
            return self.fdef(el, ctx, t) if el is not None else None
        if k == 'decisionService':
            ps = [self.ids[x.get('href').split('#')[-1]] for x in ch(d, 'inputData') + ch(d, 'inputDecision') if x.get('href').split('#')[-1] in self.ids]
            names = [norm(p.get('name')) for p in ps]
            def call(*a): return self.service(d, dict(zip(names, a)), t)
            return Fn(names, call)
    def service(self, d, inputs, t=None):
        outs = [self.ids[x.get('href').split('#')[-1]] for x in ch(d, 'outputDecision')]
        m2 = Model.__new__(Model); m2.__dict__.update(self.__dict__); m2.memo = {}
        for x in ch(d, 'inputDecision'): inputs.setdefault(norm(self.ids[x.get('href').split('#')[-1]].get('name')), None)
        v = {norm(o.get('name')): m2.value(o, inputs) for o in outs}
        r = list(v.values())[0] if len(v) == 1 else v
        var = c1(d, 'variable')
        return self.conv(r, var.get('typeRef') if var is not None else None)
    def fdef(self, el, ctx, t=None):
        ps = [(norm(p.get('name')), p.get('typeRef')) for p in ch(el, 'formalParameter')]; x = c1(el, *EXPR)
        if el.get('kind') in ('Java', 'PMML'): return Fn([p for p, _ in ps], lambda *a: None)
        rt = None if x is None else x.get('typeRef')
        def call(*a):
            if len(a) != len(ps): return None
            loc = dict(ctx)
            for (p, pt), v in zip(ps, a):
                w = self.conv(v, pt)
                if w is None and v is not None: return None
                loc[p] = w
            try: return self.conv(self.ev(x, loc), rt if rt and rt in self.types or rt in self.BASIC else None)
            except HitPolicyError: return None
        return Fn([p for p, _ in ps], call)
    def ev(self, x, ctx):
        k = tag(x); be = self.be
        if k == 'literalExpression':
            t = txt(x).strip()
            if not t: return None
            return be.eval(t, ctx)
        if k == 'decisionTable': return self.table(x, ctx)
        if k == 'context':
            loc, out = dict(ctx), {}
            for ce in ch(x, 'contextEntry'):
                var = c1(ce, 'variable'); v = self.ev(c1(ce, *EXPR), loc)
                if var is None: return v
                v = self.conv(v, var.get('typeRef')); n = norm(var.get('name'))
                out[n] = v; loc[n] = v
            return out
        if k == 'invocation':
            f = self.ev(c1(x, *EXPR), ctx); names, vals = [], []
            for b in ch(x, 'binding'):
                e = c1(b, *EXPR); names.append(norm(c1(b, 'parameter').get('name'))); vals.append(self.ev(e, ctx) if e is not None else None)
            if not isinstance(f, Fn): return None
            if isinstance(f, M.B): return f([], dict(zip(names, vals)), M.Scope({}))
            d = dict(zip(names, vals))
            if not set(d) <= set(f.params): return None
            return f.call(*[d.get(p) for p in f.params])
        if k == 'list': return [self.ev(e, ctx) for e in ch(x, *EXPR)]
        if k == 'relation':
            cols = [norm(c.get('name')) for c in ch(x, 'column')]
            return [dict(zip(cols, [self.ev(e, ctx) for e in ch(r, *EXPR)])) for r in ch(x, 'row')]
        if k == 'functionDefinition': return self.fdef(x, ctx)
        sub = lambda n: c1(c1(x, n), *EXPR)
        if k == 'conditional': return self.ev(sub('then'), ctx) if self.ev(sub('if'), ctx) is True else self.ev(sub('else'), ctx)
        if k == 'filter':
            l = self.ev(sub('in'), ctx); l = l if isinstance(l, list) else [] if l is None else [l]; out = []
            for it in l:
                r = self.ev(sub('match'), {**ctx, **(it if isinstance(it, dict) else {}), 'item': it})
                if M.kind(r) == 'number': i = int(r); return l[i - 1] if 1 <= i <= len(l) else l[i] if -len(l) <= i < 0 else None
                if r is True: out.append(it)
            return out
        if k in ('for', 'some', 'every'):
            l = self.ev(sub('in'), ctx)
            if isinstance(l, Range): l = M.iter_vals(lambda e: l, None, M.Scope({}))
            if l is None: return None
            n = norm(x.get('iteratorVariable')); body = sub('return' if k == 'for' else 'satisfies'); out = []
            for it in (l if isinstance(l, list) else [l]): out.append(self.ev(body, {**ctx, n: it, 'partial': list(out)}))
            if k == 'for': return out
            out = [o if isinstance(o, bool) else None for o in out]
            return functools.reduce(M.or3 if k == 'some' else M.and3, out, k == 'every')
        raise ValueError(k)
    def table(self, x, ctx):
        be = self.be; ins = []
        for i in ch(x, 'input'):
            ie = c1(i, 'inputExpression'); v = be.eval(txt(ie).strip(), ctx); ins.append(v)
            t = ie.get('typeRef'); iv = c1(i, 'inputValues')
            if iv is not None and txt(iv).strip() and v is not None:
                if be.unary(txt(iv).strip(), v, ctx) is False: return None
        outs = ch(x, 'output'); onames = [norm(o.get('name') or '') for o in outs]; prio, defs = [], []
        for o in outs:
            ov = c1(o, 'outputValues'); s = txt(ov).strip() if ov is not None else ''
            if not s and o.get('typeRef') in self.types:
                av = c1(self.types[o.get('typeRef')], 'allowedValues'); s = txt(av).strip() if av is not None else ''
            try: prio.append(be.eval('[' + s + ']', {}) if s and x.get('hitPolicy') in ('PRIORITY', 'OUTPUT ORDER') else [])
            except Exception: prio.append([])
            de = c1(o, 'defaultOutputEntry'); defs.append(be.eval(txt(de).strip(), ctx) if de is not None else None)
        hits = []; rows = []
        for number, r in enumerate(ch(x, 'rule'), 1):
            if all(be.unary(txt(e).strip() or '-', v, ctx) is True for e, v in zip(ch(r, 'inputEntry'), ins)):
                hits.append(tuple(be.eval(txt(o).strip(), ctx) if txt(o).strip() else None for o in ch(r, 'outputEntry')))
                rows.append((number, r))
                if x.get('hitPolicy') == 'FIRST': break
        try: return hit(x.get('hitPolicy', 'UNIQUE'), x.get('aggregation'), hits, onames, prio, defs, rows)
        except HitPolicyError as e: e.table = x; raise
        finally: self.fired.extend((self.current, x, n, r) for n, r in rows)
