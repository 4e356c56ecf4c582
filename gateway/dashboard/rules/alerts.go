package rules

func alerts(Options) []group { return nil }
