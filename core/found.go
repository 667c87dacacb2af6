package core

// FoundSite is a site that lies in the account, registered or not.
type FoundSite struct {
	Dir string
	CMS CMS
	// URL is where visitors probably reach it, "" not known, and URLFrom says how that was found out.
	URL, URLFrom string
	// Database and Prefix are those of its configuration, "" where that cannot be read.
	Database, Prefix string
	DatabaseSize     *int64 // bytes, estimated; nil: not known
	// InstanceID is the instance that it is registered as, "" none. Moved: that instance is registered with another
	// directory, where nothing lies any more.
	InstanceID string
	Moved      bool
	// Suggested is an id that is free.
	Suggested string
}

// FoundSites is what a search came to.
type FoundSites struct {
	Sites    []FoundSite
	Complete bool // false: there may be more, the time or the number of entries was over
}
