package envelope

import (
	"errors"
	"fmt"
	"io"

	"github.com/jszwec/csvutil"
)

// record is what csvutil makes of the columns that belong to the envelope.
// Those of the recipients stand where the form of the file has them.
type record struct {
	Envelope          string `csv:"envelope"`
	TemplateID        string `csv:"templateId"`
	EmailSubject      string `csv:"emailSubject"`
	EmailBlurb        string `csv:"emailBlurb"`
	ReminderDelay     string `csv:"reminderDelay"`
	ReminderFrequency string `csv:"reminderFrequency"`
	ExpireAfter       string `csv:"expireAfter"`
	ExpireWarn        string `csv:"expireWarn"`
}

// columnDecoder has csvutil decode the rows of drafts.
type columnDecoder struct {
	in     *Input
	dec    *csvutil.Decoder
	rows   []Row // that are still to be decoded
	record record
}

// decode takes over what a draft's rows say of its envelope.
func (c *columnDecoder) decode(d *Draft) {
	d.given.reset()
	if c.in != d.In {
		var err error
		if c.dec, err = csvutil.NewDecoder(c, d.In.layout.names...); err != nil {
			panic(fmt.Sprintf("envelope: csvutil does not take a header that was checked: %v", err))
		}
		c.in, c.record = d.In, record{} // which may hold cells of columns that this file lacks
	}
	c.rows = d.Rows
	for i := range d.Rows {
		row := &d.Rows[i]
		switch err := c.dec.Decode(&c.record); {
		case err == nil:
			d.merge(row, &c.record)
		case errors.Is(err, errMalformed):
			d.reject(row, "", CSVMalformed, "%s", row.Malformed)
		default:
			panic(fmt.Sprintf("envelope: csvutil cannot decode a row that was split: %v", err))
		}
	}
}

// Read implements [csvutil.Reader].
func (c *columnDecoder) Read() ([]string, error) {
	if len(c.rows) == 0 {
		return nil, io.EOF
	}
	row := c.rows[0]
	c.rows = c.rows[1:]
	if row.Malformed != "" {
		return nil, errMalformed
	}
	return row.Cells, nil
}

var _ csvutil.Reader = (*columnDecoder)(nil)

// errMalformed stands for a row that says itself what is wrong with it.
var errMalformed = errors.New("malformed row")
