/*
 * page.c
 *	  The frame of a report: head, style and foot.  No script, and nothing from elsewhere: the page's own
 *	  policy (Content Security Policy Level 3) forbids both, should a value ever get out of its place.
 */
#include "pg/pg_compat.h"

#include "report/page.h"

static const char head[] =
	"<!DOCTYPE html>\n"
	"<html lang=\"en\">\n"
	"<head>\n"
	"<meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n";

/* Light colors first; dark ones on screens that ask for them, never on paper. */
static const char style[] =
	"<style>\n"
	":root{--back:#fff;--text:#1c2127;--soft:#596270;--line:#d9dee4;--card:#f5f7f9;"
	"--blue:#1f66b0;--red:#c23b22;--gray:#838c97;"
	"--good:#177245;--bad:#a8480b}\n"
	"@media screen and (prefers-color-scheme:dark){:root{--back:#14181d;--text:#e4e8ec;--soft:#a3adb8;"
	"--line:#343c45;--card:#1d232a;"
	"--blue:#6cb0f5;--red:#ff8266;--gray:#98a2ad;--good:#5fcf95;--bad:#f2a35e}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;max-width:62rem;padding:1.2rem 1rem 3rem;background:var(--back);color:var(--text);"
	"font:16px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"DejaVu Sans\",sans-serif;overflow-wrap:anywhere}\n"
	"h1{font-size:1.6rem;line-height:1.2;margin:0 0 .3rem}\n"
	"h2{font-size:1.2rem;margin:2.2rem 0 .6rem;padding-top:.6rem;border-top:1px solid var(--line)}\n"
	"h3{font-size:1rem;margin:1.4rem 0 .3rem}\n"
	"p{margin:.5rem 0;max-width:46rem}\n"
	".soft,figcaption{color:var(--soft);font-size:.875rem}\n"
	".good{color:var(--good);font-weight:600}.bad{color:var(--bad);font-weight:600}\n"
	".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.6rem;margin:1rem 0}\n"
	".tiles div{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.5rem .7rem}\n"
	".tiles dt{color:var(--soft);font-size:.8rem;line-height:1.3}"
	".tiles dd{margin:.1rem 0 0;font-size:1.2rem;font-weight:600;line-height:1.3}\n"
	".plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,21rem),1fr));gap:1rem}\n"
	"figure{margin:.4rem 0;max-width:34rem;min-width:0}\n"
	"figcaption{margin-top:.2rem}\n"
	"svg{display:block;width:100%;height:auto;print-color-adjust:exact;-webkit-print-color-adjust:exact}\n"
	"svg text{fill:var(--soft);font-size:11.5px}svg .end{text-anchor:end}svg .middle{text-anchor:middle}"
	"svg .name{font-size:12px}\n"
	"path{fill:none;stroke-linejoin:round;stroke-linecap:round;stroke-width:1.6}\n"
	".grid{stroke:var(--line);stroke-width:1}.axis{stroke:var(--soft);stroke-width:1}\n"
	".mark{stroke:var(--text);stroke-width:1.2;stroke-dasharray:4 3}.chance{stroke:var(--gray);stroke-dasharray:2 4}\n"
	".blue{stroke:var(--blue)}.red{stroke:var(--red)}.gray{stroke:var(--gray)}"
	".thin{stroke:currentColor;stroke-width:1.2;opacity:.75}\n"
	".dashed{stroke-dasharray:5 3}.band{fill:var(--blue);opacity:.18;stroke:none}\n"
	".area{fill-opacity:.22;stroke-width:1.3}.area.blue{fill:var(--blue)}.area.red{fill:var(--red)}"
	".area.gray{fill:var(--gray)}\n"
	".m0{color:#3b82d0}.m1{color:#d0653b}.m2{color:#3aa06a}.m3{color:#a35cc9}.m4{color:#b58a1b}.m5{color:#2fa3a8}"
	".m6{color:#cf5a8c}.m7{color:#7f8a96}\n"
	".key{display:inline-block;width:1.1em;height:.3em;margin:0 .3em .2em 0;border-radius:2px;"
	"vertical-align:middle;background:currentColor}\n"
	".key.blue{background:var(--blue)}.key.red{background:var(--red)}.key.gray{background:var(--gray)}\n"
	".strip{display:block;width:7.5rem;height:1.4rem}.strip path{stroke:none}.then{fill:var(--gray)}"
	".now{fill:var(--blue)}\n"
	".wide{overflow-x:auto;margin:.6rem 0}\n"
	"table{border-collapse:collapse;font-size:.9rem;min-width:min(100%,34rem)}\n"
	"th,td{text-align:left;vertical-align:top;padding:.3rem .9rem .3rem 0;border-bottom:1px solid var(--line)}\n"
	"th{color:var(--soft);font-weight:600}thead th{white-space:nowrap;vertical-align:bottom}\n"
	"td,th{overflow-wrap:break-word;max-width:22rem}tbody th{color:var(--text)}\n"
	".number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
	"tr.chosen{background:var(--card)}\n"
	".options{columns:15rem;column-gap:2rem;margin:.6rem 0;padding:0;list-style:none;font-size:.9rem}\n"
	".options li{break-inside:avoid;border-bottom:1px solid var(--line);padding:.15rem 0;"
	"display:flex;justify-content:space-between;gap:1rem}.options span{white-space:nowrap}\n"
	".card{border:1px solid var(--line);border-radius:.5rem;padding:.6rem .8rem;margin:.8rem 0;break-inside:avoid}\n"
	".card h3{margin:0 0 .2rem}.card table{margin:.3rem 0 0}.card tbody tr:last-child>*{border:0}\n"
	".meter{width:6rem;height:.5rem;margin-top:.4rem}.meter path{stroke-width:8;stroke-linecap:butt}\n"
	".pictures{display:flex;flex-wrap:wrap;gap:.2rem 1.4rem}.pictures figure{width:11rem}\n"
	".pixels{background:var(--card);outline:1px solid var(--line);shape-rendering:crispEdges}"
	".pixels path{stroke-width:2;stroke-linecap:butt}\n"
	"bdi,td,li{unicode-bidi:isolate}\n"
	"@media print{body{max-width:none;padding:0;font-size:10.5pt}h2,h3{break-after:avoid}"
	"figure,tr,.tiles div{break-inside:avoid}"
	".wide{overflow:visible}.plots{grid-template-columns:1fr 1fr}}\n"
	"@media(max-width:30rem){body{padding:.9rem .8rem 2rem}th,td{padding-right:.5rem}table{font-size:.82rem}"
	".meter{width:1.6rem}td,th{max-width:9.5rem}.type{display:none}.card{padding:.5rem}.strip{width:6rem}}\n"
	"</style>\n";

/* Begins the page about a model that is called by name. */
void
deepsad_page_begin(StringInfo page, const char *name)
{
	appendStringInfoString(page, head);
	deepsad_html(page, "<title>deepsad model %s</title>\n", name);
	appendStringInfoString(page, style);
	deepsad_html(page, "</head>\n<body>\n");
}

/* Ends the page. */
void
deepsad_page_end(StringInfo page)
{
	deepsad_html(page, "</body>\n</html>\n");
}

/* One of the figures at the top. */
void
deepsad_page_tile(StringInfo page, const char *what, const char *value)
{
	deepsad_html(page, "<div><dt>%s</dt><dd>%s</dd></div>\n", what, value);
}

/* A column's heading; a first # says that the column holds numbers. */
static void
put_heading(StringInfo page, const char *heading)
{
	if (*heading == '#')
		deepsad_html(page, "<th scope=\"col\" class=\"number\">%s</th>", heading + 1);
	else
		deepsad_html(page, "<th scope=\"col\">%s</th>", heading);
}

/* Begins a table with these headings; the last one is NULL. */
void
deepsad_table_begin(StringInfo page, const char *first, ...)
{
	va_list		headings;

	deepsad_html(page, "<div class=\"wide\"><table><thead><tr>");
	va_start(headings, first);
	for (const char *heading = first; heading != NULL; heading = va_arg(headings, const char *))
		put_heading(page, heading);
	va_end(headings);
	deepsad_html(page, "</tr></thead><tbody>\n");
}

/* Ends a table. */
void
deepsad_table_end(StringInfo page)
{
	deepsad_html(page, "</tbody></table></div>\n");
}

/* A cell that holds a count, a number, or a share as percent. */
void
deepsad_cell_count(StringInfo page, uint64 count)
{
	deepsad_html(page, "<td class=\"number\">%llu</td>", (unsigned long long) count);
}

void
deepsad_cell_number(StringInfo page, double number)
{
	deepsad_html(page, "<td class=\"number\">%g</td>", number);
}

void
deepsad_cell_percent(StringInfo page, double share)
{
	deepsad_html(page, "<td class=\"number\">%s</td>", deepsad_percent(share));
}

/* Says how many a list does not show; of_what in the plural. */
void
deepsad_page_rest(StringInfo page, uint64 left, const char *of_what)
{
	if (left > 0)
		deepsad_html(page, "<p class=\"soft\">%llu more %s are not shown.</p>\n", (unsigned long long) left, of_what);
}
