package install

import (
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// nginxServer is a server block: where its text begins, behind the brace, the document root it names itself, and its
// names without patterns.
type nginxServer struct {
	open  int
	root  string
	names []string
}

// nginxServers finds the server blocks in a file of nginx's configuration, see ngx_conf_read_token: words are parted by
// white space, ; { and }; quotes hold them together and # begins a comment at the start of a word.
func nginxServers(text string) (list []nginxServer) {
	var words []string
	var blocks []int // of the blocks that are open: the index of a server, -1 for another
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			i++
		case c == '#':
			end := strings.IndexByte(text[i:], '\n')
			if end < 0 {
				return list
			}
			i += end
		case c == ';':
			if n := len(blocks); n > 0 && blocks[n-1] >= 0 {
				list[blocks[n-1]].set(words)
			}
			words = nil
			i++
		case c == '{':
			i++
			block := -1
			if len(words) == 1 && words[0] == "server" {
				block = len(list)
				list = append(list, nginxServer{open: i})
			}
			blocks, words = append(blocks, block), nil
		case c == '}':
			if len(blocks) > 0 {
				blocks = blocks[:len(blocks)-1]
			}
			words = nil
			i++
		default:
			word, next := nginxWord(text, i)
			words = append(words, word)
			i = next
		}
	}
	return list
}

// forOthers tells whether the block is for hosts that none names. Without a root it may be one of a mail or stream block.
func (s *nginxServer) forOthers() bool { return len(s.names) == 0 && s.root != "" }

// set takes a directive of the block.
func (s *nginxServer) set(words []string) {
	switch {
	case len(words) == 2 && words[0] == "root":
		s.root = words[1]
	case len(words) > 1 && words[0] == "server_name":
		for _, name := range words[1:] {
			if name = hostName(name); name != "" && !slices.Contains(s.names, name) {
				s.names = append(s.names, name)
			}
		}
	}
}

func nginxWord(text string, i int) (word string, next int) {
	var b strings.Builder
	quote := byte(0)
	if text[i] == '"' || text[i] == '\'' {
		quote = text[i]
		i++
	}
	for ; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case quote != 0 && c == quote:
			return b.String(), i + 1
		case c == '$' && quote == 0 && strings.HasPrefix(text[i:], "${"):
			end := strings.IndexByte(text[i:], '}')
			if end < 0 {
				return b.String(), len(text)
			}
			b.WriteString(text[i : i+end+1])
			i += end
		case quote == 0 && strings.IndexByte(" \t\r\n;{", c) >= 0:
			return b.String(), i
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), i
}

func readText(path string) string {
	text, _ := os.ReadFile(path) // nginx itself has just read it
	return string(text)
}

// like gives the owner and the mode of a file that is to be edited.
func like(path string) (content, error) {
	info, err := os.Stat(path)
	if err != nil {
		return content{}, cannot("read "+path, err)
	}
	st := info.Sys().(*syscall.Stat_t)
	c := content{path: path, mode: info.Mode().Perm()}
	if st.Uid != 0 {
		u, err := user.LookupId(strconv.Itoa(int(st.Uid)))
		if err != nil {
			return c, cannot("find the owner of "+path, err)
		}
		c.owner = u.Username
	}
	if st.Gid != 0 {
		g, err := user.LookupGroupId(strconv.Itoa(int(st.Gid)))
		if err != nil {
			return c, cannot("find the group of "+path, err)
		}
		c.group = g.Name
	}
	return c, nil
}
