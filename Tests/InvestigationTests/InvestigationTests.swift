// Investigation
