<?php
class JConfig {
	public $sitename = "A Joomla";
}
