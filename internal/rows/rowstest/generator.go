// Package rowstest generates input files of any size, for tests and benchmarks.
package rowstest

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
)

// Row is what csvutil decodes a row of a generated file into, all its columns.
type Row struct {
	Envelope   string `csv:"envelope"`
	RoleName   string `csv:"roleName"`
	Order      string `csv:"routingOrder"`
	Name       string `csv:"name"`
	Email      string `csv:"email"`
	Subject    string `csv:"emailSubject"`
	Delay      string `csv:"reminderDelay"`
	Frequency  string `csv:"reminderFrequency"`
	Expire     string `csv:"expireAfter"`
	Salary     string `csv:"tab:Salary"`
	Office     string `csv:"tab:Office"`
	CostCentre string `csv:"tab:CostCentre"`
	Department string `csv:"field:Department"`
}

// header names the columns of a generated file.
const header = "envelope,roleName,routingOrder,name,email,emailSubject,reminderDelay,reminderFrequency,expireAfter,tab:Salary,tab:Office,tab:CostCentre,field:Department"

var (
	firstNames  = []string{"Frej", "Gita", "Hal", "Ulla", "Dov", "Åsa", "José", "Zoë", "Mei", "Li", "Anna-Karin", "Oluwaseun"}
	lastNames   = []string{"Alm", "Rao", "Ito", "Vik", "Mann", "Ek", "Lind", "Ångström", "de la Cruz", "O'Neill", "Kowalska"}
	subjects    = []string{"", "Your offer from Example AB", "Your offer"}
	offices     = []string{"Stockholm", "Berlin", "London"}
	departments = []string{"Engineering", "Finance", "People & Culture"}
)

// Write writes a file of that many envelopes for the sandbox's template "Offer
// letter": a row for the employee, one for the manager, without mistakes and
// no envelope twice. One name in 50 has a comma and stands in quotes. The same
// seed gives the same file.
func Write(w io.Writer, seed uint64, envelopes int) error {
	random := rand.New(rand.NewPCG(seed, 13))
	pick := func(all []string) string { return all[random.IntN(len(all))] }
	out := bufio.NewWriterSize(w, 64<<10)
	fmt.Fprintln(out, header)
	for i := range envelopes {
		first, last := pick(firstNames), pick(lastNames)
		name := first + " " + last
		if random.IntN(50) == 0 {
			name = `"` + last + ", " + first + `"`
		}
		var delay, frequency, expire string
		if random.IntN(3) == 0 {
			delay, frequency, expire = "2", "3", fmt.Sprint(14+random.IntN(60))
		}
		fmt.Fprintf(out, "E-%07d,Employee,1,%s,employee.%d@example.test,%s,%s,%s,%s,%d,%s,,%s\n",
			i, name, i, pick(subjects), delay, frequency, expire, 30_000+random.IntN(40_000), pick(offices), pick(departments))
		manager := random.IntN(500)
		fmt.Fprintf(out, "E-%07d,Manager,2,%s %s,manager.%d@example.test,,,,,,,%d,\n",
			i, firstNames[manager%len(firstNames)], lastNames[manager%len(lastNames)], manager, 4000+manager%90)
	}
	return out.Flush() // which remembers every earlier error
}
