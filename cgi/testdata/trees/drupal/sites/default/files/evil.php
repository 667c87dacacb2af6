<?php
echo "never run";
