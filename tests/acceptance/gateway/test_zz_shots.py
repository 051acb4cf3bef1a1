from __future__ import annotations

from tests.acceptance.gateway.test_decision_editor_in_the_browser import *


def test_shots(desk):
    page = editor(desk, size=(1440, 900))
    print(
        page.evaluate(
            """() => [...document.querySelectorAll('tr')][3].outerHTML + [...document.querySelectorAll('tr')].slice(2,5).map(r => [...r.querySelectorAll('td, td *')].map(x=>x.className+':'+Math.round(x.getBoundingClientRect().height)).join('|')).join('\\n')"""
        )
    )
    print(
        page.evaluate(
            """() => { const t=document.querySelector('.tjs-table-container'); const out=[]; let e=document.querySelector('.tjs-table'); while(e && e.tagName!='BODY'){out.push(e.tagName+'.'+e.className+':'+e.getBoundingClientRect().height+' '+getComputedStyle(e).height); e=e.parentElement} return out.join('\\n') }"""
        )
    )
