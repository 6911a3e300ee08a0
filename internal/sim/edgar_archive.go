package sim

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/sim/paper"
)

// edgarArchive hands out the files of a submission, and the pages about it.
func (s *Sim) edgarArchive(w http.ResponseWriter, r *http.Request) {
	folder, file := r.PathValue("folder"), r.PathValue("file")
	cik, err := strconv.Atoi(r.PathValue("cik"))
	c, ok := s.World.Filings().Company(cik)
	if err != nil || !ok {
		s.accessDenied(w)
		return
	}
	// The text of a whole submission lies beside the folders, too.
	if accession, isText := strings.CutSuffix(folder, ".txt"); isText && file == "" {
		folder, file = strings.ReplaceAll(accession, "-", ""), folder
	}
	if len(folder) != 18 {
		s.accessDenied(w)
		return
	}
	accession := folder[:10] + "-" + folder[10:12] + "-" + folder[12:]
	f, ok := s.World.Filings().Filing(accession, s.World.Now())
	if !ok || f.CIK != c.CIK {
		s.accessDenied(w)
		return
	}
	kind, body, ok := s.archived(c, f, file)
	if !ok {
		s.accessDenied(w)
		return
	}
	w.Header().Set("Last-Modified", f.Accepted.UTC().Format(http.TimeFormat))
	writeText(w, http.StatusOK, kind, body)
}

// archived is a file with its type.
func (s *Sim) archived(c *paper.Company, f *paper.Filing, file string) (kind, body string, ok bool) {
	switch file {
	case "index.json":
		return "application/json", s.directory(c, f), true
	case f.Accession + "-index.html", f.Accession + "-index.htm":
		return edgarHTML, s.indexPage(c, f), true
	case f.Accession + "-index-headers.html":
		return edgarHTML, s.headersPage(c, f), true
	case f.Accession + ".txt":
		return "text/plain", s.submissionText(c, f), true
	}
	text, ok := s.World.Filings().Body(f, file)
	switch {
	case strings.HasSuffix(file, ".xml") && !strings.Contains(file, "/"):
		kind = "text/xml"
	case strings.HasSuffix(file, ".txt"):
		kind = "text/plain"
	default:
		kind = edgarHTML
	}
	return kind, string(text), ok
}

// sizeOf is the length of a document.
func (s *Sim) sizeOf(f *paper.Filing, d paper.Document) int {
	text, _ := s.World.Filings().Body(f, d.Name)
	return len(text)
}

// inFolder tells whether a document is a file of its own: those of old are in the text of the submission only.
func inFolder(f *paper.Filing, d paper.Document) bool { return d.Name != f.Accession+".txt" }

func folderOf(f *paper.Filing) string {
	return fmt.Sprintf("/Archives/edgar/data/%d/%s", f.CIK, strings.ReplaceAll(f.Accession, "-", ""))
}

// directory is index.json. Its types are names of icons.
func (s *Sim) directory(c *paper.Company, f *paper.Filing) string {
	type item struct {
		Modified string `json:"last-modified"`
		Name     string `json:"name"`
		Type     string `json:"type"`
		Size     string `json:"size"`
	}
	items := []item{}
	for _, name := range []string{"-index-headers.html", "-index.html", ".txt"} {
		items = append(items, item{lastModified(f), f.Accession + name, "text.gif", ""})
	}
	for _, d := range f.Documents {
		if inFolder(f, d) {
			items = append(items, item{lastModified(f), d.Name, "text.gif", strconv.Itoa(s.sizeOf(f, d))})
		}
	}
	return jsonText(map[string]any{"directory": map[string]any{
		"item": items, "name": folderOf(f), "parent-dir": fmt.Sprintf("/Archives/edgar/data/%d", c.CIK),
	}})
}

// header is the SGML header of a submission in words.
func (s *Sim) header(c *paper.Company, f *paper.Filing) string {
	var out strings.Builder
	day := strings.ReplaceAll(f.Filed.String(), "-", "")
	fmt.Fprintf(&out, "<SEC-HEADER>%s.hdr.sgml : %s\n<ACCEPTANCE-DATETIME>%s\n", f.Accession, day, easternStamp(f, "20060102150405"))
	fmt.Fprintf(&out, "ACCESSION NUMBER:\t\t%s\nCONFORMED SUBMISSION TYPE:\t%s\nPUBLIC DOCUMENT COUNT:\t\t%d\n", f.Accession, f.Form, len(f.Documents))
	if f.Period.Year != 0 {
		fmt.Fprintf(&out, "CONFORMED PERIOD OF REPORT:\t%s\n", strings.ReplaceAll(f.Period.String(), "-", ""))
	}
	for _, one := range f.Items {
		fmt.Fprintf(&out, "ITEM INFORMATION:\t\t%s\n", paper.ItemTitle(one))
	}
	fmt.Fprintf(&out, "FILED AS OF DATE:\t\t%s\nDATE AS OF CHANGE:\t\t%s\n\nFILER:\n\n", day, day)
	fmt.Fprintf(&out, "\tCOMPANY DATA:\t\n\t\tCOMPANY CONFORMED NAME:\t\t\t%s\n\t\tCENTRAL INDEX KEY:\t\t\t%010d\n\t\tSTANDARD INDUSTRIAL CLASSIFICATION:\t%s [%s]\n\t\tORGANIZATION NAME:           \t%s\n\t\tSTATE OF INCORPORATION:\t\t\t%s\n\t\tFISCAL YEAR END:\t\t\t%s\n\n",
		c.Name, c.CIK, strings.ToUpper(c.Trade), c.SIC, c.Office, c.Incorporated, c.FiscalYearEnd)
	fmt.Fprintf(&out, "\tFILING VALUES:\n\t\tFORM TYPE:\t\t%s\n\t\tSEC ACT:\t\t1934 Act\n\t\tSEC FILE NUMBER:\t%s\n\t\tFILM NUMBER:\t\t%s\n\n", f.Form, c.FileNumber, f.FilmNumber)
	fmt.Fprintf(&out, "\tBUSINESS ADDRESS:\t\n\t\tSTREET 1:\t\t%s\n\t\tCITY:\t\t\t%s\n\t\tSTATE:\t\t\t%s\n\t\tZIP:\t\t\t%s\n</SEC-HEADER>\n", c.Street, c.City, c.State, c.Zip)
	return out.String()
}

// submissionText is the whole submission as one text.
func (s *Sim) submissionText(c *paper.Company, f *paper.Filing) string {
	var out strings.Builder
	fmt.Fprintf(&out, "<SEC-DOCUMENT>%s.txt : %s\n%s", f.Accession, strings.ReplaceAll(f.Filed.String(), "-", ""), s.header(c, f))
	for i, d := range f.Documents {
		text, _ := s.World.Filings().Body(f, d.Name)
		fmt.Fprintf(&out, "<DOCUMENT>\n<TYPE>%s\n<SEQUENCE>%d\n", d.Type, i+1)
		if inFolder(f, d) {
			fmt.Fprintf(&out, "<FILENAME>%s\n", d.Name)
		}
		fmt.Fprintf(&out, "<DESCRIPTION>%s\n<TEXT>\n", d.Description)
		before, after := "", ""
		switch {
		case f.Form == "4":
			before, after = "<XML>\n", "</XML>\n"
		case f.Inline() && i == 0:
			before, after = "<XBRL>\n", "</XBRL>\n"
		}
		fmt.Fprintf(&out, "%s%s\n%s</TEXT>\n</DOCUMENT>\n", before, text, after)
	}
	out.WriteString("</SEC-DOCUMENT>\n")
	return out.String()
}

// headersPage is the header for people, with links to the documents.
func (s *Sim) headersPage(c *paper.Company, f *paper.Filing) string {
	var out strings.Builder
	header := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s.header(c, f))
	fmt.Fprintf(&out, "<HTML><HEAD><TITLE>SEC EDGAR Submission %s</TITLE>\n<!--\n%s-->\n</HEAD><BODY>\n<PRE>&lt;SEC-DOCUMENT&gt;%s-index.html : %s\n%s",
		f.Accession, s.header(c, f), f.Accession, strings.ReplaceAll(f.Filed.String(), "-", ""), header)
	for i, d := range f.Documents {
		fmt.Fprintf(&out, "&lt;DOCUMENT&gt;\n&lt;TYPE&gt;%s\n&lt;SEQUENCE&gt;%d\n", d.Type, i+1)
		if inFolder(f, d) {
			fmt.Fprintf(&out, "&lt;FILENAME&gt;%s\n&lt;DESCRIPTION&gt;%s\n&lt;TEXT&gt;\n<a href=\"%s\">Document %d - file: %s</a><br>\n", d.Name, d.Description, d.Name, i+1, d.Name)
		}
		out.WriteString("&lt;/DOCUMENT&gt;\n")
	}
	out.WriteString("&lt;/SEC-DOCUMENT&gt;</PRE></BODY></HTML>\n")
	return out.String()
}

// indexPage is the page about a filing, with a table of its documents.
func (s *Sim) indexPage(c *paper.Company, f *paper.Filing) string {
	var out strings.Builder
	fmt.Fprintf(&out, `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head><title>EDGAR Filing Documents for %s</title></head>
<body>
<div class="formDiv"><div id="formHeader"><div id="formName"><strong>Form %s</strong></div><div id="secNum"><strong>SEC Accession No.</strong> %s</div></div>
<div class="formContent">
<div class="formGrouping"><div class="infoHead">Filing Date</div><div class="info">%s</div><div class="infoHead">Accepted</div><div class="info">%s</div><div class="infoHead">Documents</div><div class="info">%d</div></div>
`, f.Accession, f.Form, f.Accession, f.Filed, lastModified(f), len(f.Documents))
	if f.Period.Year != 0 {
		fmt.Fprintf(&out, `<div class="formGrouping"><div class="infoHead">Period of Report</div><div class="info">%s</div></div>`+"\n", f.Period)
	}
	out.WriteString(`</div></div>
<table class="tableFile" summary="Document Format Files">
<tr><th scope="col">Seq</th><th scope="col">Description</th><th scope="col">Document</th><th scope="col">Type</th><th scope="col">Size</th></tr>
`)
	for i, d := range f.Documents {
		link, mark := folderOf(f)+"/"+d.Name, ""
		if f.Inline() && i == 0 {
			link, mark = "/ix?doc="+link, ` &nbsp;&nbsp;<span style="color: green">iXBRL</span>`
		}
		if inFolder(f, d) {
			fmt.Fprintf(&out, `<tr><td scope="row">%d</td><td scope="row">%s</td><td scope="row"><a href="%s">%s</a>%s</td><td scope="row">%s</td><td scope="row">%d</td></tr>`+"\n", i+1, d.Description, link, d.Name, mark, d.Type, s.sizeOf(f, d))
		}
	}
	fmt.Fprintf(&out, `<tr><td scope="row">&nbsp;</td><td scope="row">Complete submission text file</td><td scope="row"><a href="%s/%s.txt">%s.txt</a></td><td scope="row">&nbsp;</td><td scope="row">%d</td></tr>
</table>
<div class="companyInfo"><span class="companyName">%s (Filer) CIK: %010d</span></div>
</body>
</html>
`, folderOf(f), f.Accession, f.Accession, len(s.submissionText(c, f)), strings.ReplaceAll(c.Name, "&", "&amp;"), c.CIK)
	return out.String()
}
