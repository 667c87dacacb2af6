<?php
echo "joomla page ", $_SERVER["REQUEST_URI"];
