package envelope_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
)

func TestParseRename(t *testing.T) {
	for text, want := range map[string]envelope.Rename{
		"E-mail address=email":          {Column: "E-mail address", To: "email"},
		" Timestamp = ":                 {Column: "Timestamp"},
		"First Name+Last Name=name":     {Column: "First Name+Last Name", To: "name"},
		"a=b=tab:c":                     {Column: "a=b", To: "tab:c"},
		"What is your salary?=E::Lohn%": {Column: "What is your salary?", To: "E::Lohn%"},
	} {
		if got, err := envelope.ParseRename(text); err != nil || got != want {
			t.Errorf("ParseRename(%q) = %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "email", "=email", " = "} {
		if got, err := envelope.ParseRename(text); err == nil {
			t.Errorf("ParseRename(%q) = %+v, want an error", text, got)
		}
	}
}

func FuzzParseRename(f *testing.F) {
	f.Add("E-mail address=email", "E-mail address")
	f.Add("First+Last=name", "Last")
	f.Add("+=+", "")
	f.Fuzz(func(t *testing.T, text, column string) {
		r, err := envelope.ParseRename(text)
		if err != nil {
			return
		}
		if again, err := envelope.ParseRename(r.String()); err != nil || again != r {
			t.Errorf("ParseRename(%q) = %+v, %v, want %+v", r, again, err, r)
		}
		header := []string{column, "name", "email", column}
		in := envelope.NewInput("b", envelope.Format{Delimiter: ',', Header: header}, envelope.Mapping{r})
		in.Columns()
		envelope.Mapping{r}.Absent(header)
	})
}

func TestLetter(t *testing.T) {
	for column, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA", 16383: "XFD"} {
		if got := envelope.Letter(column); got != want {
			t.Errorf("Letter(%d) = %s, want %s", column, got, want)
		}
	}
}

// TestSuggested: headers as other programs write them are understood for the offer's
// two roles.
func TestSuggested(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header []string
		want   []string
	}{
		{"Outlook", []string{"First Name", "Last Name", "E-mail Address", "Notes"}, []string{"First Name+Last Name=Employee::Name", "E-mail Address=Employee::Email", "Notes="}},
		{"a form", []string{"Timestamp", "Email Address", "Full name", "What is your salary?"}, []string{"Timestamp=", "Email Address=Employee::Email", "Full name=Employee::Name", "What is your salary?=Employee::Salary"}},
		{"both roles", []string{"Employee Name", "Employee e-mail", "Manager Name", "Manager E-Mail Address"}, []string{"Employee Name=Employee::Name", "Employee e-mail=Employee::Email", "Manager Name=Manager::Name", "Manager E-Mail Address=Manager::Email"}},
		{"a personnel system", []string{"Surname", "Given Name", "Work Email", "Office", "Department"}, []string{"Given Name+Surname=Employee::Name", "Work Email=Employee::Email", "Office=Employee::Office", "Department=field:Department"}},
		{"nobody's columns", []string{"name", "email", "note", "salary"}, []string{"name=Employee::Name", "email=Employee::Email", "note=Employee::Note", "salary=Employee::Salary"}},
		{"a long file with slips", []string{"roleNmae", "name", "email", "Shoe size"}, []string{"roleNmae=roleName", "Shoe size="}},
		{"a wide file with slips", []string{"Employee::Name", "Employee::Email", "Manager::Name", "Manager email"}, []string{"Manager email=Manager::Email"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := envelope.NewInput("b", envelope.Format{Delimiter: ',', Header: tt.header}, nil)
			c := offerChecker()
			c.Prepare([]envelope.Use{{In: in, Templates: []string{offerID}}})
			var got []string
			for _, r := range c.Suggested(in) {
				got = append(got, r.String())
			}
			slices.Sort(got)
			slices.Sort(tt.want)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Fatalf("suggested (-want +got):\n%s", diff)
			}
			mapped := envelope.NewInput("b", in.Format, c.Suggested(in))
			if problems := mapped.Problems(); len(problems) > 0 {
				t.Errorf("the header as suggested: %v", problems)
			}
		})
	}
}
