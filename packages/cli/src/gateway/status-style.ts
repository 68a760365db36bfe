/** Style of the status page. */
export const STYLE = `
:root{--bg:#0b1016;--card:#121922;--line:#1e2833;--text:#dbe4ec;--dim:#8493a3;--in:#4cc9b0;--origin:#e0a458;--out:#6aa8f7;--bad:#e5727c}
*{box-sizing:border-box}
body{margin:0;background:radial-gradient(80rem 30rem at 70% -12rem,#14283a55,transparent),var(--bg);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-variant-numeric:tabular-nums}
header,main,footer{max-width:72rem;margin:0 auto;padding:0 1.5rem}
header{display:flex;justify-content:space-between;align-items:flex-start;gap:1rem;padding-top:2.25rem;padding-bottom:1.5rem}
h1{font-size:1.35rem;font-weight:600;margin:0;display:flex;align-items:center;gap:.6rem;letter-spacing:-.01em}
h1 svg{width:1.7rem;height:1.7rem;fill:var(--in)}h1 circle{fill:var(--bg)}
h2{font-size:.8rem;font-weight:500;color:var(--dim);margin:0;letter-spacing:.01em}
p{margin:0}.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.8rem;color:var(--dim);overflow-wrap:anywhere}
header .mono{margin-top:.35rem}
#live{display:flex;align-items:center;gap:.5rem;color:var(--dim);font-size:.85rem;white-space:nowrap;padding:.3rem .8rem;border:1px solid var(--line);border-radius:2rem;background:var(--card)}
#live i{width:.55rem;height:.55rem;border-radius:50%;background:var(--origin)}
#live.on i{background:var(--in);box-shadow:0 0 0 .22rem #4cc9b026}#live.off i{background:var(--bad)}
main{display:grid;gap:1rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.2rem,1fr));gap:1rem}
.tile,.card{background:var(--card);border:1px solid var(--line);border-radius:.8rem;padding:1.1rem 1.2rem;min-width:0}
.tile p{font-size:1.45rem;font-weight:600;letter-spacing:-.02em;margin:.3rem 0 .1rem;white-space:nowrap}
.tile small{color:var(--dim);font-size:.8rem;display:block;min-height:1.2em}
.row{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.5rem 1.5rem;margin-bottom:.9rem}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.3rem;font-size:.8rem;color:var(--dim)}
.legend span::before{content:"";display:inline-block;width:.7rem;height:.2rem;border-radius:1rem;margin-right:.5rem;vertical-align:middle;background:currentColor}
.legend b{color:var(--text);font-weight:500}.legend .in::before{color:var(--in)}.legend .origin::before{color:var(--origin)}.legend .out::before{color:var(--out)}
#chart{width:100%;height:11rem;display:block}
#chart path{fill:none;stroke-width:2;vector-effect:non-scaling-stroke;stroke-linejoin:round}
#chart .area{stroke:none;opacity:.12}#chart line{stroke:var(--line);vector-effect:non-scaling-stroke}
.in{--c:var(--in)}.origin{--c:var(--origin)}.out{--c:var(--out)}#chart path{stroke:var(--c)}#chart .area{fill:var(--c)}
.scroll{overflow-x:auto;margin:.6rem -1.2rem -.4rem;padding:0 1.2rem}
table{border-collapse:collapse;width:100%;font-size:.875rem}
th,th.mono{font:500 .75rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--dim);text-align:left}
th,td{padding:.5rem 1.2rem .5rem 0;border-bottom:1px solid var(--line);white-space:nowrap}tr:last-child td{border-bottom:0}
th.n,td.n{text-align:right}th:last-child,td:last-child{padding-right:0}
td.name{max-width:22rem;overflow:hidden;text-overflow:ellipsis}a{color:inherit;text-decoration:none;border-bottom:1px solid #39485a}a:hover{border-color:var(--in)}
.empty{color:var(--dim);padding:.4rem 0}
.bar{height:.35rem;border-radius:1rem;background:var(--line);overflow:hidden;min-width:7rem}.bar b{display:block;height:100%;width:0;background:var(--in);border-radius:1rem}
.tile .bar{margin-top:.5rem}.pill{border:1px solid var(--line);border-radius:1rem;padding:.05rem .6rem;font-size:.75rem;color:var(--dim)}
ul{list-style:none;margin:.6rem 0 0;padding:0}li{padding:.15rem 0}
footer{color:var(--dim);font-size:.8rem;padding-top:1.5rem;padding-bottom:2.5rem}
@media(max-width:34rem){header{flex-direction:column}header,main,footer{padding-left:1rem;padding-right:1rem}.tiles{grid-template-columns:1fr 1fr}.tile p{font-size:1.2rem}}
@media(prefers-reduced-motion:no-preference){.bar b{transition:width .6s}}
`
