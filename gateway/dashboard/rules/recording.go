package rules

import "ficus/gateway/routetable"

func recording(*routetable.Table, Options) []group { return nil }
