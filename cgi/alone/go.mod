// A module of its own, for its import path: see the package.
module alone

go 1.26
