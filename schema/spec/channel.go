package spec

func channels() []*Block {
	return []*Block{
		{
			Name: "channel", Kind: "smtp", Labels: []string{"NAME"},
			Doc: "Hands messages to a mail server.",
			Attributes: []Attribute{
				{Name: "host", Type: Text, Required: true, Doc: "The server."},
				{Name: "port", Type: Integer, Bounds: &Bounds{Least: 1, Most: 65535}, DefaultDoc: `587, or 25 where tls is "none"; 465 means TLS from the first byte`, Doc: "Its port."},
				{Name: "tls", Type: Text, OneOf: []string{"required", "opportunistic", "none"}, Default: "required", Doc: "Whether the connection is encrypted; none is for loopback only."},
				{Name: "username", Type: Text, DefaultDoc: "none", Doc: "Who logs in."},
				{Name: "password", Type: Text, DefaultDoc: "none", Doc: "With which password; best a sensitive variable."},
				{Name: "from", Type: Text, Required: true, PerTenant: true, Doc: "The sender."},
				{Name: "redirect_all_to", Type: Text, DefaultDoc: "none", Doc: "Every message goes here instead of to its recipient; a rehearsal requires it."},
				{Name: "rate", Type: Text, Support: NotYet, DefaultDoc: "no bound", Doc: `How many messages are sent in a time, as in "100/m".`},
			},
		},
		{
			Name: "channel", Kind: "maildir", Labels: []string{"NAME"},
			Doc: "Writes each message to a file whose name begins with the time and a sequence number.",
			Attributes: []Attribute{
				{Name: "path", Type: Text, Required: true, Doc: "The directory, relative to the plan directory or absolute."},
				{Name: "from", Type: Text, PerTenant: true, Default: "transition@localhost", Doc: "The sender."},
			},
		},
		{
			Name: "channel", Kind: "webhook", Labels: []string{"NAME"}, Support: NotYet,
			Doc: "Sends each message as a request.",
			Attributes: []Attribute{
				{Name: "url", Type: Text, Required: true, PerTenant: true, Doc: "The address."},
				{Name: "headers", Type: TextMap, PerTenant: true, DefaultDoc: "none", Doc: "More headers."},
				{Name: "body", Type: Text, PerTenant: true, DefaultDoc: "the message as JSON", Doc: "What is sent."},
			},
		},
	}
}
