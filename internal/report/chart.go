package report

import (
	"fmt"
	"html/template"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/go-analyze/charts"

	"batchsend/envelope"
)

// The colours that charts are drawn in stand for variables of the page's style sheet,
// so that one drawing serves light and dark screens.
var (
	chartText = charts.Color{R: 1, G: 1, B: 1, A: 255}
	chartGrid = charts.Color{R: 1, G: 1, B: 2, A: 255}
	chartMain = charts.Color{R: 1, G: 1, B: 3, A: 255}
	chartMark = charts.Color{R: 1, G: 1, B: 4, A: 255}
	noColor   = charts.Color{R: 255, G: 255, B: 255}

	chartVariables = map[charts.Color]string{chartText: "--dim", chartGrid: "--line", chartMain: "--accent", chartMark: "--mark"}
)

// statusColor returns the colour of a status in charts.
func statusColor(s envelope.Status) charts.Color {
	c := charts.Color{R: 1, G: 2, A: 255}
	for i, each := range Statuses() {
		if each == s {
			c.B = uint8(i)
		}
	}
	return c
}

var (
	chartStyle = regexp.MustCompile(`style="[^"]*"`)
	chartPaint = regexp.MustCompile(`(fill|stroke):rgba?\((\d+),(\d+),(\d+)(?:,([\d.]+))?\)`)
	chartFont  = regexp.MustCompile(`;?font-family:[^;"]*`)
)

// paint returns what stands for a property such as fill:rgb(1,2,3) of a chart.
func paint(property string) string {
	m := chartPaint.FindStringSubmatch(property)
	var c charts.Color
	fmt.Sscan(m[2]+" "+m[3]+" "+m[4], &c.R, &c.G, &c.B)
	c.A = 255
	name := chartVariables[c]
	for _, s := range Statuses() {
		if c == statusColor(s) {
			name = "--" + string(s)
		}
	}
	if name == "" {
		return m[1] + ":none"
	}
	out := m[1] + ":var(" + name + ")"
	if m[5] != "" {
		out += ";" + m[1] + "-opacity:" + m[5]
	}
	return out
}

// chart draws an SVG of a size in pixels, in the page's colours and font. attributes
// are added to its root element.
func chart(width, height int, attributes string, draw func(*charts.Painter) error) (template.HTML, error) {
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: width, Height: height, Theme: chartTheme(chartMain, chartMark)})
	if err := draw(p); err != nil {
		return "", fmt.Errorf("drawing a chart: %w", err)
	}
	b, err := p.Bytes()
	if err != nil {
		return "", fmt.Errorf("drawing a chart: %w", err)
	}
	svg := chartStyle.ReplaceAllStringFunc(string(b), func(style string) string {
		style = chartFont.ReplaceAllString(style, "")
		return chartPaint.ReplaceAllStringFunc(style, paint)
	})
	// Within a page the element needs no name space, which would read like an address.
	_, rest, _ := strings.Cut(svg, "viewBox=")
	return template.HTML(`<svg aria-hidden="true" focusable="false"` + attributes + ` viewBox=` + strings.ReplaceAll(rest, "\n", " ")), nil
}

func chartTheme(series ...charts.Color) charts.ColorPalette {
	return charts.MakeTheme(charts.ThemeOption{
		AxisStrokeColor: chartGrid, AxisSplitLineColor: chartGrid, BackgroundColor: noColor, TextColor: chartText, SeriesColors: series,
	})
}

// chartTextStyle is that of all texts in charts, which are 12 pixels high.
var chartTextStyle = charts.FontStyle{FontSize: 9, FontColor: chartText}

// whole writes a value of an axis or a bar.
func whole(v float64) string {
	if v != math.Trunc(v) {
		return ""
	}
	return Number(int(v))
}

// sharesChart draws one bar with a part for each status. It may be stretched to any
// width.
func sharesChart(counts Counts) (template.HTML, error) {
	var colors []charts.Color
	var values [][]float64
	for _, s := range Statuses() {
		if counts[s] > 0 {
			colors, values = append(colors, statusColor(s)), append(values, []float64{float64(counts[s])})
		}
	}
	total := float64(counts.Total())
	return chart(900, 20, ` preserveAspectRatio="none" class="shares"`, func(p *charts.Painter) error {
		opt := charts.NewBarChartOptionWithData(values)
		opt.Horizontal, opt.StackSeries = true, charts.Ptr(true)
		opt.Theme, opt.BarSize, opt.Padding = chartTheme(colors...), 1, charts.NewBoxEqual(0)
		opt.CategoryAxis.Show, opt.CategoryAxis.Labels = charts.Ptr(false), []string{""}
		opt.ValueAxis = []charts.ValueAxisOption{{Show: charts.Ptr(false), Min: charts.Ptr(0.0), Max: &total, SplitLineShow: charts.Ptr(false)}}
		opt.Legend.Show = charts.Ptr(false)
		return p.BarChart(opt)
	})
}

// room is appended to labels beside a chart: readers' fonts may be wider than the one
// that the chart was laid out with.
const room = "          "

// reasonsChart draws a bar for each of the most frequent reasons.
func reasonsChart(reasons []*Reason) (template.HTML, error) {
	reasons = reasons[:min(len(reasons), 8)]
	var values []float64
	var labels []string
	longest := 0
	for _, r := range slices.Backward(reasons) { // the chart begins at the bottom
		values, labels = append(values, float64(r.Envelopes)), append(labels, Cut(r.Name(), 30)+room)
		longest = max(longest, r.Envelopes)
	}
	end := float64(longest) * 1.12 // room for the number
	return chart(400, 24*len(reasons)+8, "", func(p *charts.Painter) error {
		opt := charts.NewBarChartOptionWithData([][]float64{values})
		opt.Horizontal = true
		opt.Theme, opt.BarSize, opt.Padding = chartTheme(statusColor(envelope.Rejected)), 0.55, charts.NewBox(0, 4, 8, 4)
		opt.CategoryAxis.Labels, opt.CategoryAxis.LabelFontStyle = labels, chartTextStyle
		opt.ValueAxis = []charts.ValueAxisOption{{Show: charts.Ptr(false), Min: charts.Ptr(0.0), Max: &end, SplitLineShow: charts.Ptr(false)}}
		opt.Legend.Show = charts.Ptr(false)
		opt.SeriesList[0].Label = charts.SeriesLabel{Show: charts.Ptr(true), ValueFormatter: whole, FontStyle: chartTextStyle}
		return p.BarChart(opt)
	})
}

// columnsChart draws a column for each value.
func columnsChart(labels []string, values []float64) (template.HTML, error) {
	return chart(400, 180, "", func(p *charts.Painter) error {
		opt := charts.NewBarChartOptionWithData([][]float64{values})
		opt.Theme, opt.BarSize, opt.Padding = chartTheme(chartMain), 0.7, charts.NewBox(0, 8, 4, 4)
		opt.CategoryAxis.Labels, opt.CategoryAxis.LabelFontStyle = labels, chartTextStyle
		opt.ValueAxis = []charts.ValueAxisOption{{Min: charts.Ptr(0.0), LabelFontStyle: chartTextStyle, ValueFormatter: whole, LabelCount: 4}}
		opt.Legend.Show = charts.Ptr(false)
		return p.BarChart(opt)
	})
}

// timeChart draws how many envelopes were sent in each of the equal times that labels
// name, and how many calls the account allows in one; 0 is none.
func timeChart(width int, labels []string, values []float64, limit int) (template.HTML, error) {
	data := [][]float64{values}
	if limit > 0 {
		line := make([]float64, len(values))
		for i := range line {
			line[i] = float64(limit)
		}
		data = append(data, line)
	}
	class := "wide"
	if width < 500 {
		class = "narrow"
	}
	return chart(width, 220, ` class="`+class+`"`, func(p *charts.Painter) error {
		opt := charts.NewLineChartOptionWithData(data)
		opt.Padding = charts.NewBox(0, 8, 12, 4)
		opt.XAxis.Labels, opt.XAxis.LabelFontStyle, opt.XAxis.BoundaryGap = labels, chartTextStyle, charts.Ptr(false)
		opt.XAxis.LabelCount = width / 90
		opt.YAxis = []charts.YAxisOption{{Min: charts.Ptr(0.0), LabelFontStyle: chartTextStyle, ValueFormatter: whole, LabelCount: 5}}
		opt.Legend.Show = charts.Ptr(false)
		opt.Symbol.Shape, opt.LineStrokeWidth = charts.SymbolNone, 2
		opt.FillArea, opt.FillOpacity = charts.Ptr(true), 40
		return p.LineChart(opt)
	})
}
