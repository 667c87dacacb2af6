<?php
echo "joomla administration";
