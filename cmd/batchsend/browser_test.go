package main

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
)

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// asBrowser is the browser of a person who presses the button that the variable CLICK
// names. The program must have started it as xdg-open, without its own settings.
func asBrowser() {
	for _, name := range []string{"DOCUSIGN_INTEGRATION_KEY", "BATCHSEND_TEMPLATE"} {
		if os.Getenv(name) != "" {
			fmt.Fprintln(os.Stderr, "the browser was told", name)
			os.Exit(1)
		}
	}
	address, err := url.Parse(os.Args[1])
	if err == nil {
		err = click(address, os.Getenv("CLICK"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func click(address *url.URL, decision string) error {
	resp, err := http.Get(address.String())
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	form := url.Values{"decision": {decision}}
	for _, m := range hiddenField.FindAllSubmatch(page, -1) {
		form.Set(html.UnescapeString(string(m[1])), html.UnescapeString(string(m[2])))
	}
	resp, err = http.PostForm(address.ResolveReference(&url.URL{Path: "/oauth/auth"}).String(), form)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
