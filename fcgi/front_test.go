package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"vpm/scripts/lab"
)

// apacheConfig has one way to the panel a virtual host, chosen by the host name.
const apacheConfig = `ServerName 127.0.0.1:%[2]d
Listen 127.0.0.1:%[2]d
PidFile %[1]s/apache.pid
DefaultRuntimeDir %[1]s
Mutex file:%[1]s default
ErrorLog %[1]s/error.log
User www-data
Group www-data
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule setenvif_module /usr/lib/apache2/modules/mod_setenvif.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_fcgi_module /usr/lib/apache2/modules/mod_proxy_fcgi.so
ThreadsPerChild 256
ThreadLimit 256
StartServers 1
ServerLimit 1
MaxRequestWorkers 256
MinSpareThreads 1
MaxSpareThreads 256
ListenBacklog 1024
DocumentRoot %[1]s
SetEnvIf X-Scheme https HTTPS=on
<Location "/">
  CGIPassAuth On
  Require all granted
</Location>
<VirtualHost *>
  ServerName handler
  <Location "/api/">
    SetHandler "proxy:unix:%[3]s|fcgi://localhost/"
  </Location>
</VirtualHost>
<VirtualHost *>
  ServerName match
  ProxyPassMatch "^/api/" "unix:%[3]s|fcgi://localhost/"
</VirtualHost>
<VirtualHost *>
  ServerName kept
  ProxyPass "/api/" "unix:%[3]s|fcgi://kept/api/" enablereuse=on max=8
</VirtualHost>
`

const nginxConfig = `daemon off;
master_process off;
pid %[1]s/nginx.pid;
error_log %[1]s/error.log;
events { worker_connections 2048; }
http {
  access_log off;
  client_body_temp_path %[1]s/body;
  fastcgi_temp_path %[1]s/fastcgi;
  proxy_temp_path %[1]s/proxy;
  scgi_temp_path %[1]s/scgi;
  uwsgi_temp_path %[1]s/uwsgi;
  client_max_body_size 64m;
  map $http_x_scheme $scheme_on { https on; default ""; }
  fastcgi_param QUERY_STRING $query_string;
  fastcgi_param REQUEST_METHOD $request_method;
  fastcgi_param CONTENT_TYPE $content_type;
  fastcgi_param CONTENT_LENGTH $content_length;
  fastcgi_param SCRIPT_NAME $fastcgi_script_name;
  fastcgi_param REQUEST_URI $request_uri;
  fastcgi_param DOCUMENT_ROOT $document_root;
  fastcgi_param SERVER_PROTOCOL $server_protocol;
  fastcgi_param GATEWAY_INTERFACE CGI/1.1;
  fastcgi_param REMOTE_ADDR $remote_addr;
  fastcgi_param REMOTE_PORT $remote_port;
  fastcgi_param SERVER_ADDR $server_addr;
  fastcgi_param SERVER_PORT $server_port;
  fastcgi_param SERVER_NAME $server_name;
  fastcgi_param HTTPS $scheme_on if_not_empty;
  upstream kept { server unix:%[3]s; keepalive 8; }
  server {
    listen 127.0.0.1:%[2]d backlog=1024;
    server_name unix;
    root %[1]s;
    location /api/ { fastcgi_pass unix:%[3]s; }
  }
  server {
    listen 127.0.0.1:%[2]d;
    server_name kept;
    root %[1]s;
    location /api/ { fastcgi_pass kept; fastcgi_keep_conn on; }
  }
  server {
    listen 127.0.0.1:%[2]d;
    server_name streams;
    root %[1]s;
    location /api/ { fastcgi_pass unix:%[3]s; fastcgi_request_buffering off; fastcgi_buffering off; }
  }
}
`

// front is a way through a web server: which URL, and the host that chooses the way.
type front struct{ name, url, host string }

// startFronts starts an Apache and an nginx before a socket.
func startFronts(t *testing.T, socket string) []front {
	t.Helper()
	apache := startFront(t, socket, apacheConfig, func(dir, config string) *exec.Cmd {
		return exec.Command("/usr/sbin/apache2", "-d", dir, "-f", config, "-DFOREGROUND")
	})
	nginx := startFront(t, socket, nginxConfig, func(dir, config string) *exec.Cmd {
		return exec.Command("/usr/sbin/nginx", "-p", dir, "-c", config, "-e", filepath.Join(dir, "error.log"))
	})
	var list []front
	for _, host := range []string{"handler", "match", "kept"} {
		list = append(list, front{"apache/" + host, apache, host})
	}
	for _, host := range []string{"unix", "kept", "streams"} {
		list = append(list, front{"nginx/" + host, nginx, host})
	}
	return list
}

func startFront(t *testing.T, socket, config string, command func(dir, config string) *exec.Cmd) (url string) {
	t.Helper()
	dir := lab.NewDir(t)
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "error.log"))
			t.Logf("the web server's log:\n%s", log[max(0, len(log)-3000):])
		}
	})
	return lab.Serve(t, func(port int) *exec.Cmd {
		file := filepath.Join(dir, "server.conf")
		must(t, os.WriteFile(file, fmt.Appendf(nil, config, dir, port, socket), 0o644))
		return command(dir, file)
	})
}
