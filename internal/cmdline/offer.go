package cmdline

import "github.com/spf13/cobra"

// Offers are the values that a shell offers on TAB, by what they complete: the name of
// a flag, or the name of a command for its arguments. Each func returns them for a
// command whose flags, as far as they are typed, are parsed.
type Offers map[string]func(cmd *cobra.Command) []string

// OfferValues has the shell complete the values of flags and arguments of all commands
// of root. All words are offered, the shell picks those that fit; where there is
// none, no file is offered either.
func OfferValues(root *cobra.Command, flags, arguments Offers) {
	for name, values := range flags {
		if root.PersistentFlags().Lookup(name) != nil {
			mustOffer(root, name, values)
		}
	}
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		for name, values := range flags {
			if cmd != root && cmd.LocalNonPersistentFlags().Lookup(name) != nil {
				mustOffer(cmd, name, values)
			}
		}
		if values, ok := arguments[cmd.Name()]; ok {
			cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
				if len(args) > 0 {
					return nil, cobra.ShellCompDirectiveNoFileComp
				}
				return values(cmd), cobra.ShellCompDirectiveNoFileComp
			}
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
}

// mustOffer registers the values of a flag that the command has.
func mustOffer(cmd *cobra.Command, flag string, values func(*cobra.Command) []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return values(cmd), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // it is registered twice
	}
}
