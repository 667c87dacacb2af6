package cms

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vpm/core"
)

const joomlaManifest = `<?xml version="1.0" encoding="UTF-8"?>
<!-- <version>9.9.9</version> -->
<extension type="file" method="upgrade">
	<name>files_joomla</name>
	<author>Joomla! Project</author>
	<!-- <version>8.8.8</version> -->
	<version>5.1.2-rc1</version>
	<updateservers><server name="Joomla! Core" type="collection">https://update.joomla.org/core/list.xml</server></updateservers>
</extension>
`

const joomlaClass = `<?php
namespace Joomla\CMS;
\defined('JPATH_PLATFORM') or die;
use Joomla\CMS\Date\Date;
final class Version
{
	/** const MAJOR_VERSION = 9; */
	const MAJOR_VERSION = 4;
	public const int MINOR_VERSION = 0;
	const PATCH_VERSION = 6;
	const EXTRA_VERSION = 'rc3';
	public function getShortVersion(): string { return self::MAJOR_VERSION . '.' . "{$this->x['}']}"; }
}
`

const drupalClass = `<?php
use Drupal\Core\Url;
/** const VERSION = '9.0.0'; */
class Drupal {
  /**
   * The current system version.
   */
  const VERSION = '10.2.1';
  const CORE_COMPATIBILITY = '8.x';
  protected static $container;
  public static function root() { return static::getContainer()->getParameter('app.root'); }
}
`

func TestIdentify(t *testing.T) {
	t.Parallel()
	version := map[string]string{"wp-includes/version.php": "<?php\n// $wp_version = '1.0';\n$wp_version = '6.4.3';\n$wp_db_version = 56657;\n"}
	for name, c := range map[string]struct {
		files map[string]string
		want  core.CMS
	}{
		"WordPress":            {version, core.CMS{Type: "wordpress", Version: "6.4.3"}},
		"WordPress, beta":      {map[string]string{"wp-includes/version.php": "<?php $wp_version = '6.5-alpha-57000-src';"}, core.CMS{Type: "wordpress", Version: "6.5-alpha-57000-src"}},
		"WordPress, below":     {map[string]string{"index.php": "<?php define('WP_USE_THEMES', true); require( dirname( __FILE__ ) . '/app/wp-blog-header.php' );", "app/wp-includes/version.php": version["wp-includes/version.php"]}, core.CMS{Type: "wordpress", Version: "6.4.3"}},
		"WordPress, computed":  {map[string]string{"wp-includes/version.php": "<?php $wp_version = file_get_contents('v');"}, core.CMS{Type: "wordpress"}},
		"WordPress, odd":       {map[string]string{"wp-includes/version.php": "<?php $wp_version = '<script>';"}, core.CMS{Type: "wordpress"}},
		"WordPress, long":      {map[string]string{"wp-includes/version.php": "<?php $wp_version = '" + strings.Repeat("1", 51) + "';"}, core.CMS{Type: "wordpress"}},
		"Joomla":               {map[string]string{"administrator/manifests/files/joomla.xml": joomlaManifest}, core.CMS{Type: "joomla", Version: "5.1.2-rc1"}},
		"Joomla, class":        {map[string]string{"libraries/src/Version.php": joomlaClass}, core.CMS{Type: "joomla", Version: "4.0.6-rc3"}},
		"Joomla 2.5":           {map[string]string{"libraries/cms/version/version.php": "<?php defined('_JEXEC') or die; final class JVersion { public $RELEASE = '2.5'; public $DEV_LEVEL = '28'; }"}, core.CMS{Type: "joomla", Version: "2.5.28"}},
		"Joomla 1.5":           {map[string]string{"libraries/joomla/version.php": "<?php defined('JPATH_BASE') or die(); class JVersion { var $RELEASE = '1.5'; var $DEV_LEVEL = '26'; }"}, core.CMS{Type: "joomla", Version: "1.5.26"}},
		"Drupal":               {map[string]string{"core/lib/Drupal.php": drupalClass}, core.CMS{Type: "drupal", Version: "10.2.1"}},
		"Drupal, web":          {map[string]string{"web/core/lib/Drupal.php": drupalClass}, core.CMS{Type: "drupal", Version: "10.2.1"}},
		"Drupal, docroot":      {map[string]string{"docroot/core/lib/Drupal.php": drupalClass}, core.CMS{Type: "drupal", Version: "10.2.1"}},
		"Drupal 7":             {map[string]string{"includes/bootstrap.inc": "<?php\n/** @file */\ndefine('VERSION', '7.98');\ndefine('DRUPAL_CORE_COMPATIBILITY', '7.x');\nfunction f() {}"}, core.CMS{Type: "drupal", Version: "7.98"}},
		"none":                 {map[string]string{"index.php": "<?php echo 1;", "wp-includes/x.php": ""}, core.CMS{}},
		"another manifest":     {map[string]string{"administrator/manifests/files/joomla.xml": "<extension><name>other</name><version>1</version></extension>"}, core.CMS{}},
		"another bootstrap":    {map[string]string{"includes/bootstrap.inc": "<?php define('VERSION', '1');"}, core.CMS{}},
		"another Drupal class": {map[string]string{"core/lib/Drupal.php": "<?php class Other { const VERSION = '1'; }"}, core.CMS{}},
	} {
		got, ok := Identify(tree(t, c.files))
		if got != c.want || ok != (c.want.Type != "") {
			t.Errorf("%s: it is %+v, %v; want %+v", name, got, ok, c.want)
		}
	}
}

// TestIdentifyRealWordPress reads the WordPress of the distribution.
func TestIdentifyRealWordPress(t *testing.T) {
	t.Parallel()
	got, ok := Identify("/usr/share/wordpress")
	if want := strings.TrimSpace(byPHPVersion(t)); !ok || got.Type != "wordpress" || got.Version != want || want == "" {
		t.Errorf("it is %+v, %v; PHP says %q", got, ok, want)
	}
}

// byPHPVersion has PHP read the version.
func byPHPVersion(t *testing.T) string {
	t.Helper()
	path := write(t, filepath.Join(t.TempDir(), "v.php"), "<?php require '/usr/share/wordpress/wp-includes/version.php'; $x = $wp_version;")
	return fromHex(t, strings.TrimPrefix(byPHP(t, path), "string "))
}

func TestIdentifyIsNotHeldUp(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"wp-includes/x": "", "administrator/manifests/files/x": "", "core/lib/x": ""})
	for _, name := range []string{"wp-includes/version.php", "administrator/manifests/files/joomla.xml", "core/lib/Drupal.php", "index.php"} {
		must(t, syscall.Mkfifo(filepath.Join(dir, filepath.FromSlash(name)), 0o644))
	}
	if got, ok := Identify(dir); ok {
		t.Errorf("four FIFOs are %+v", got)
	}
}
